// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.bits.Register;
import org.iommuemu.device.DmaSession;
import org.iommuemu.device.accelerator.spec.CompletionCode;
import org.iommuemu.device.accelerator.spec.Descriptor;
import org.iommuemu.device.accelerator.spec.DeviceRegisters;
import org.iommuemu.device.accelerator.spec.QueueRegisters;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * An accelerator with work queues, its registers and portals behind a function's first base address register. Whatever descriptors
 * hold ends in a completion record or in the register ERROR.
 */
public final class Accelerator implements RegisterFrame {
    /** A number that pci.ids gives to nobody. */
    private static final int VENDOR = 0xD1D1;

    private static final int DEVICE = 2;
    /** Base system peripheral, other. */
    private static final int CLASS = 0x08_80_00;

    private final EventLoop loop;
    private final PciFunction function;
    private final DmaChannel channel;
    private final AcceleratorParameters parameters;
    private final RegisterFile registers;
    private final List<QueueRegisters> queueRegisters = new ArrayList<>();
    private final long[][] portals;
    private final long[] refused;
    private final List<DmaSession> closing = new ArrayList<>();
    private @Nullable Run run;

    /** An accelerator that is off; puts its registers behind BAR 0. */
    public Accelerator(EventLoop loop, PciFunction function, DmaChannel channel, AcceleratorParameters parameters) {
        this.loop = loop;
        this.function = function;
        this.channel = channel;
        this.parameters = parameters;
        portals = new long[parameters.queues()][Descriptor.WORDS];
        refused = new long[parameters.queues()];
        List<Register> map = new ArrayList<>(DeviceRegisters.map());
        for (int q = 0; q < parameters.queues(); q++) {
            queueRegisters.add(QueueRegisters.of(q));
            map.addAll(queueRegisters.get(q).map());
        }
        registers = new RegisterFile(map);
        registers.onWrite(DeviceRegisters.CONTROL, this::control);
        registers.onRead(DeviceRegisters.STATUS, this::status);
        for (int q = 0; q < parameters.queues(); q++) {
            int id = q;
            QueueRegisters r = queueRegisters.get(q);
            registers.guard(r.configuration(), () -> queue(id) == null);
            registers.onWrite(r.control(), (old, requested) -> controlQueue(id, requested));
            registers.onRead(r.status(), () -> queueStatus(id));
        }
        function.identify(VENDOR, DEVICE, CLASS, 0);
        function.wideBar(0, QueueRegisters.PORTALS + portalBytes(), this);
        function.onReset(this::functionReset);
        resetRegisters();
    }

    private long portalBytes() {
        return (long) parameters.queues() * QueueRegisters.PORTAL_STRIDE;
    }

    private void resetRegisters() {
        registers.reset();
        registers.set(
                DeviceRegisters.CAPABILITIES,
                DeviceRegisters.MAX_TRANSFER.of(parameters.maxTransfer())
                        | DeviceRegisters.MAX_BATCH.of(parameters.maxBatch())
                        | DeviceRegisters.QUEUES.of(parameters.queues())
                        | DeviceRegisters.ENGINES.of(parameters.engines())
                        | DeviceRegisters.MAX_ENTRIES.of(parameters.entries())
                        | DeviceRegisters.VECTORS.of(parameters.vectors()));
    }

    @Override
    public long readRegister(long offset, int size) {
        return registers.read(offset, size);
    }

    /** Eight writes of 8 bytes to the portal of a dedicated queue are a descriptor, which the one to its last word submits. */
    @Override
    public void writeRegister(long offset, int size, long value) {
        long at = offset - QueueRegisters.PORTALS;
        if (at < 0) {
            registers.write(offset, size, value);
            return;
        }
        long word = at % QueueRegisters.PORTAL_STRIDE;
        if (at >= portalBytes() || size != Long.BYTES || word >= Descriptor.BYTES || word % Long.BYTES != 0) {
            return;
        }
        int q = (int) (at / QueueRegisters.PORTAL_STRIDE);
        portals[q][(int) word / Long.BYTES] = value;
        if (word == Descriptor.BYTES - Long.BYTES) {
            submit(q, portals[q]);
        }
    }

    /**
     * Submits a descriptor to a dedicated queue, as one posted write of 64 bytes does: nobody is told whether it was accepted, but for
     * the register ERROR.
     *
     * @param queue from 0
     */
    public void submit(int queue, long[] descriptor) {
        WorkQueue q = queue(queue);
        if (!take(q, true, descriptor)) {
            refused[queue]++;
            record(Descriptor.OPERATION.get(descriptor), queue, Transaction.NO_SUBSTREAM, 0, false, 0);
        }
    }

    /**
     * Offers a descriptor to a shared queue, as one non-posted write of 64 bytes does.
     *
     * @param queue from 0
     * @param pasid of who offers it: the processor puts it in, not the program
     * @param privileged whether the processor lets the program ask for privileged accesses
     * @return whether it was accepted; otherwise it is to be offered again
     */
    public boolean enqueue(int queue, int pasid, boolean privileged, long[] descriptor) {
        long[] d = descriptor.clone();
        Descriptor.PASID.set(d, pasid);
        Descriptor.PRIV.set(d, privileged ? 1 : 0);
        boolean accepted = take(queue(queue), false, d);
        refused[queue] += accepted ? 0 : 1;
        return accepted;
    }

    private boolean take(@Nullable WorkQueue q, boolean posted, long[] descriptor) {
        if (run == null || q == null || q.isDedicated() != posted || !q.accept(descriptor.clone())) {
            return false;
        }
        run.dispatch();
        return true;
    }

    private @Nullable WorkQueue queue(int id) {
        WorkQueue q = run == null ? null : run.queue(id);
        return q == null || q.isOver() ? null : q;
    }

    private void control(long old, long requested) {
        registers.set(DeviceRegisters.CONTROL, requested);
        boolean was = DeviceRegisters.ENABLE.isSet(old);
        boolean is = DeviceRegisters.ENABLE.isSet(requested);
        if (is && !was) {
            run = new Run(loop, function, channel, parameters, this::record);
        } else if (!is && was) {
            disable();
        }
    }

    /** All that goes on is forgotten; STATUS.ENABLED falls once no transfer is under way, so that software may take its memory back. */
    private void disable() {
        Run ended = run;
        run = null;
        queueRegisters.forEach(r -> registers.set(r.control(), 0));
        if (ended != null) {
            ended.memory().close();
            closing.removeIf(DmaSession::isIdle);
            closing.add(ended.memory());
        }
    }

    private long status() {
        closing.removeIf(DmaSession::isIdle);
        return DeviceRegisters.ENABLED.of(run == null && closing.isEmpty() ? 0 : 1);
    }

    private void controlQueue(int id, long requested) {
        QueueRegisters r = queueRegisters.get(id);
        WorkQueue q = queue(id);
        boolean on = QueueRegisters.ENABLE.isSet(registers.get(r.control()));
        boolean wanted = QueueRegisters.ENABLE.isSet(requested);
        long configuration = registers.get(r.configuration());
        boolean good =
                QueueRegisters.DEDICATED.isSet(configuration) || QueueRegisters.PASID_ENABLE.isSet(configuration);
        if (wanted
                && !on
                && run != null
                && q == null
                && good
                && QueueRegisters.ENTRIES.getInt(configuration) <= parameters.entries()) {
            registers.set(r.control(), requested);
            run.put(new WorkQueue(id, configuration, parameters.entries()));
        } else if (!wanted && on && q != null) {
            registers.set(r.control(), 0);
            q.switchOff();
        }
    }

    private long queueStatus(int id) {
        WorkQueue q = queue(id);
        return QueueRegisters.REFUSED.of(refused[id])
                | (q == null ? 0 : QueueRegisters.ACTIVE.of(1) | QueueRegisters.OCCUPANCY.of(q.occupancy()));
    }

    private void record(Work w, CompletionCode code, boolean write, long address) {
        record(Descriptor.OPERATION.get(w.words()), w.queue().id(), w.pasid(), code.code(), write, address);
    }

    private void record(long operation, int queue, int pasid, int code, boolean write, long address) {
        long error = registers.get(DeviceRegisters.ERROR);
        if (DeviceRegisters.VALID.isSet(error)) {
            registers.set(DeviceRegisters.ERROR, DeviceRegisters.OVERFLOW.set(error, 1));
            return;
        }
        boolean hasPasid = pasid != Transaction.NO_SUBSTREAM;
        registers.set(
                DeviceRegisters.ERROR,
                DeviceRegisters.VALID.of(1)
                        | DeviceRegisters.ERROR_CODE.of(code)
                        | DeviceRegisters.ERROR_WRITE.of(write ? 1 : 0)
                        | DeviceRegisters.ERROR_QUEUE.of(queue)
                        | DeviceRegisters.ERROR_OPERATION.of(operation)
                        | DeviceRegisters.ERROR_PASID.of(hasPasid ? pasid : 0)
                        | DeviceRegisters.ERROR_PASID_VALID.of(hasPasid ? 1 : 0));
        registers.set(DeviceRegisters.ERROR_ADDRESS, address);
        if (DeviceRegisters.ERROR_INTERRUPT.isSet(registers.get(DeviceRegisters.CONTROL))) {
            function.interrupt(0);
        }
    }

    private void functionReset() {
        if (run != null) {
            run.memory().close();
            run = null;
        }
        closing.clear();
        // Nothing of who had it before is left for the next.
        Arrays.fill(refused, 0);
        for (long[] portal : portals) {
            Arrays.fill(portal, 0);
        }
        resetRegisters();
    }
}
