// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.MemoryQueue;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.PageResponse.Code;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.PriEntry;
import org.iommuemu.smmuv3.spec.Registers;

/** Page Requests in, to the PRI queue or answered automatically, and PRG Responses out (IHI 0070 chapter 8). */
final class PageRequests {
    private static final Code[] CODES = {Code.FAILURE, Code.INVALID, Code.SUCCESS};

    private final PhysicalMemory memory;
    private final RegisterFile registers;
    private final SmmuFeatures features;
    private final GlobalErrors errors;
    private final Interrupts interrupts;
    private final ConfigurationFetch configuration;
    private final EventRecorder recorder;
    private final MemoryQueue queue = new MemoryQueue(PriEntry.BYTES);
    private DevicePort port = DevicePort.NONE;
    private long autoResponses;
    private long overflowed;
    private long discarded;

    PageRequests(
            PhysicalMemory memory,
            RegisterFile registers,
            SmmuFeatures features,
            GlobalErrors errors,
            Interrupts interrupts,
            ConfigurationFetch configuration,
            EventRecorder recorder) {
        this.memory = memory;
        this.registers = registers;
        this.features = features;
        this.errors = errors;
        this.interrupts = interrupts;
        this.configuration = configuration;
        this.recorder = recorder;
    }

    void connect(DevicePort devices) {
        port = devices;
    }

    MemoryQueue queue() {
        return queue;
    }

    /** Takes a request. */
    void request(PageRequest request) {
        PageRequest r = features.substreamIdBits() == 0 ? withoutPasid(request) : request;
        long cr0 = registers.get(Registers.CR0);
        boolean enabled = Registers.PRIQEN.isSet(cr0) && Registers.SMMUEN.isSet(cr0);
        if (!enabled || errors.isActive(Registers.PRIQ_ABT_ERR)) {
            discard(r);
        } else if (isOverflowing() || queue.isFull()) {
            overflow(r);
        } else {
            write(r);
        }
    }

    private static PageRequest withoutPasid(PageRequest r) {
        return new PageRequest(
                r.streamId(),
                Transaction.NO_SUBSTREAM,
                r.address(),
                r.read(),
                r.write(),
                false,
                false,
                r.last(),
                r.group());
    }

    private void discard(PageRequest r) {
        discarded++;
        respondAutomatically(r, Transaction.NO_SUBSTREAM, Code.FAILURE);
    }

    /** Unlike the event queue, this one takes nothing until the overflow is acknowledged (§8.1). */
    private boolean isOverflowing() {
        return Registers.OVERFLOW.get(registers.get(Registers.PRIQ_PROD))
                != Registers.OVERFLOW.get(registers.get(Registers.PRIQ_CONS));
    }

    private void overflow(PageRequest r) {
        overflowed++;
        if (!isOverflowing()) {
            registers.set(Registers.PRIQ_PROD, registers.get(Registers.PRIQ_PROD) ^ Registers.OVERFLOW.mask());
        }
        if (r.last() && interruptsOnLast()) {
            interrupt();
        }
        if (!r.last() || r.isStopMarker()) {
            return;
        }
        if (!r.hasSubstream()) {
            respondAutomatically(r, Transaction.NO_SUBSTREAM, Code.SUCCESS);
        } else if (features.has3(Idr.PPS)) {
            respondAutomatically(r, r.substreamId(), Code.SUCCESS);
        } else {
            configuration.fetchStream(r.streamId());
            if (!configuration.isStreamFound()) {
                recordMissing(r);
                respondAutomatically(r, Transaction.NO_SUBSTREAM, Code.FAILURE);
            } else {
                boolean pasid = configuration.answersWithPasid();
                respondAutomatically(r, pasid ? r.substreamId() : Transaction.NO_SUBSTREAM, Code.SUCCESS);
            }
        }
    }

    private void recordMissing(PageRequest r) {
        long cr2 = registers.get(Registers.CR2);
        SmmuRule why = configuration.refusal();
        boolean known = why.event() != Event.C_BAD_STREAMID || Registers.RECINVSID.isSet(cr2);
        if (known && Registers.REC_CFG_ATS.isSet(cr2)) {
            Transaction t = new Transaction().set(r.streamId(), r.substreamId(), r.address(), 0);
            recorder.configuration(t, why, configuration.fetchAddress(), true);
        }
    }

    private void write(PageRequest r) {
        long at = queue.producerAddress();
        if (!memory.answers(at, PriEntry.BYTES)) {
            errors.raise(Registers.PRIQ_ABT_ERR);
            discard(r);
            return;
        }
        boolean pasid = r.hasSubstream();
        long word0 = PriEntry.STREAM_ID.of(r.streamId())
                | PriEntry.R.of(r.read() ? 1 : 0)
                | PriEntry.W.of(r.write() ? 1 : 0)
                | PriEntry.LAST.of(r.last() ? 1 : 0);
        if (pasid) {
            word0 |= PriEntry.SUBSTREAM_ID.of(r.substreamId())
                    | PriEntry.SSV.of(1)
                    | PriEntry.X.of(r.execute() ? 1 : 0)
                    | PriEntry.PRIV.of(r.privileged() ? 1 : 0);
        }
        memory.writeLong(at, word0);
        memory.writeLong(at + Long.BYTES, PriEntry.PRG_INDEX.of(r.group()) | PriEntry.ADDRESS.inPlace(r.address()));
        boolean wasEmpty = queue.isEmpty();
        queue.advanceProducer();
        registers.set(
                Registers.PRIQ_PROD, Registers.QUEUE_INDEX.set(registers.get(Registers.PRIQ_PROD), queue.producer()));
        if (interruptsOnLast() ? r.last() : wasEmpty) {
            interrupt();
        }
    }

    private boolean interruptsOnLast() {
        return Registers.PRIQ_LO.isSet(registers.get(Registers.PRIQ_IRQ_CFG2));
    }

    private void interrupt() {
        if (!interrupts.raise("priq", Registers.PRIQ_IRQEN, Registers.PRIQ_IRQ_CFG0, Registers.PRIQ_IRQ_CFG1)) {
            errors.raise(Registers.MSI_PRIQ_ABT_ERR);
        }
    }

    /** Stop Markers get no response (§8.2). */
    private void respondAutomatically(PageRequest r, int substreamId, Code code) {
        if (!r.isStopMarker()) {
            autoResponses++;
            port.respond(new PageResponse(r.streamId(), substreamId, r.group(), code));
        }
    }

    /** Sends what a legal CMD_PRI_RESP says. */
    void respond(long word0, long word1) {
        int substream = Command.SSV.isSet(word0) ? Command.SSID.getInt(word0) : Transaction.NO_SUBSTREAM;
        port.respond(new PageResponse(
                Command.SID.getInt(word0),
                substream,
                Command.PRG_INDEX.getInt(word1),
                CODES[Command.RESPONSE.getInt(word1)]));
    }

    /** Responses sent without software. */
    long autoResponses() {
        return autoResponses;
    }

    /** Requests lost because the queue was full, or its overflow not acknowledged. */
    long overflowed() {
        return overflowed;
    }

    /** Requests lost because the queue was off, in error, or got no answer. */
    long discarded() {
        return discarded;
    }
}
