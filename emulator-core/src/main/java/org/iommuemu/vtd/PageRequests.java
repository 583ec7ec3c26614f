// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.MemoryQueue;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.PageResponse.Code;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.FaultRecord;
import org.iommuemu.vtd.spec.PageRequestDescriptor;
import org.iommuemu.vtd.spec.ScalableContextEntry;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.jspecify.annotations.Nullable;

/** Page requests in, and page group responses out (VT-d architecture 7.4-7.11). */
final class PageRequests {
    private static final int PAGE_LOG2 = 7;

    private final PhysicalMemory memory;
    private final RegisterFile file;
    private final VtdFeatures features;
    private final ContextLookup lookup;
    private final FaultRecords faults;
    private final Invalidations invalidations;
    private final EventInterrupt event;
    private final MemoryQueue queue = new MemoryQueue(PageRequestDescriptor.BYTES, false);
    private DevicePort port = DevicePort.NONE;
    private FaultReason refusal = FaultReason.LEGACY_PAGE_REQUEST;
    private long overflowed;

    PageRequests(
            PhysicalMemory memory,
            RegisterFile file,
            VtdFeatures features,
            ContextLookup lookup,
            FaultRecords faults,
            Invalidations invalidations,
            EventInterrupt event) {
        this.memory = memory;
        this.file = file;
        this.features = features;
        this.lookup = lookup;
        this.faults = faults;
        this.invalidations = invalidations;
        this.event = event;
    }

    void connect(DevicePort devices) {
        port = devices;
    }

    /** PQA, PQH or PQT was written. */
    void place() {
        long pqa = file.get(VtdRegisters.PQA);
        queue.place(VtdRegisters.IQ_ADDRESS.inPlace(pqa), VtdRegisters.QS.getInt(pqa) + PAGE_LOG2);
        queue.consumer((int) (file.get(VtdRegisters.PQH) >>> 5));
        queue.producer((int) (file.get(VtdRegisters.PQT) >>> 5));
    }

    /** Takes a request: the decision list of 10.4. While translation is off it is dropped. */
    void request(PageRequest r) {
        if (!VtdRegisters.TE.isSet(file.get(VtdRegisters.GSTS)) || !features.hasExtended(ExtendedCapability.PRS)) {
            return;
        }
        VtdContext context = find(r);
        if (context == null) {
            refuse(r, refusal);
            return;
        }
        if (VtdRegisters.PRO.isSet(file.get(VtdRegisters.PRS))) {
            overflow(r);
            return;
        }
        long at = queue.producerAddress();
        if (queue.isFull() || !memory.answers(at, PageRequestDescriptor.BYTES)) {
            raise(VtdRegisters.PRO.mask());
            overflow(r);
            return;
        }
        implicitInvalidation(r, context);
        boolean pasid = r.hasSubstream();
        long word0 = PageRequestDescriptor.TYPE.of(1)
                | PageRequestDescriptor.PP.of(pasid ? 1 : 0)
                | PageRequestDescriptor.RID.of(r.streamId())
                | PageRequestDescriptor.EXR.of(pasid && r.execute() ? 1 : 0)
                | PageRequestDescriptor.PMR.of(pasid && r.privileged() ? 1 : 0)
                | (pasid ? PageRequestDescriptor.PASID.of(r.substreamId()) : 0);
        long word1 = PageRequestDescriptor.RDR.of(r.read() ? 1 : 0)
                | PageRequestDescriptor.WRR.of(r.write() ? 1 : 0)
                | PageRequestDescriptor.LPIG.of(r.last() ? 1 : 0)
                | PageRequestDescriptor.PRGI.of(r.group())
                | PageRequestDescriptor.ADDR.inPlace(r.address());
        memory.writeLong(at, word0);
        memory.writeLong(at + 8, word1);
        memory.writeLong(at + 16, 0);
        memory.writeLong(at + 24, 0);
        queue.advanceProducer();
        file.set(VtdRegisters.PQT, (long) queue.producer() << 5);
        raise(VtdRegisters.PPR.mask());
    }

    /** The context that a request is about, or null: {@code refusal} tells why. */
    private @Nullable VtdContext find(PageRequest r) {
        refusal = FaultReason.LEGACY_PAGE_REQUEST;
        if (lookup.mode() == ContextLookup.LEGACY) {
            return null;
        }
        if (!lookup.findSource(r.streamId(), r.substreamId(), true)) {
            refusal = lookup.refusal();
            return null;
        }
        refusal = FaultReason.SM_PAGE_REQUEST_DISABLED;
        if (!ScalableContextEntry.PRE.isSet(lookup.context())) {
            return null;
        }
        VtdContext context = lookup.scalable(r.substreamId());
        if (context == null) {
            refusal = lookup.refusal();
        }
        return context;
    }

    /** What the page request is about must not be answered from a cache any more (7.4). */
    private void implicitInvalidation(PageRequest r, VtdContext c) {
        if (c.second() != null) {
            invalidations.translationsOfDomain(c.domain());
        } else if (c.is(VtdContext.FIRST_STAGE)) {
            invalidations.pagesOfPasid(c.domain(), c.pasid(), r.address(), 0, false);
        } else {
            invalidations.pagesOfDomain(c.domain(), r.address(), 0, false);
        }
    }

    /** An error of the tables is answered as an invalid request, never as a failure, which would stop the device. */
    private void refuse(PageRequest r, FaultReason why) {
        if (!(why.isQualified() && lookup.isSuppressed())) {
            long pasid = r.hasSubstream()
                    ? FaultRecord.PP.of(1)
                            | FaultRecord.PV.of(r.substreamId())
                            | FaultRecord.PRIV.of(r.privileged() ? 1 : 0)
                    : 0;
            faults.record(
                    FaultRecord.FI.inPlace(r.address()),
                    FaultRecord.SID.of(r.streamId()) | FaultRecord.FR.of(why.code()) | FaultRecord.T2.of(1) | pasid);
        }
        answer(r, Code.INVALID);
    }

    private void overflow(PageRequest r) {
        overflowed++;
        answer(r, Code.SUCCESS);
    }

    private void answer(PageRequest r, Code code) {
        if (r.last() && !r.isStopMarker()) {
            port.respond(new PageResponse(r.streamId(), r.substreamId(), r.group(), code));
        }
    }

    private void raise(long bit) {
        long status = file.get(VtdRegisters.PRS);
        file.set(VtdRegisters.PRS, status | bit);
        if (status == 0) {
            event.raise();
        }
    }

    /** Sends what a page group response descriptor says; a reserved code is sent as a failure. */
    void respond(long word0, long word1) {
        int code = Descriptor.RC.getInt(word0);
        int substream = Descriptor.PP.isSet(word0) ? Descriptor.PASID.getInt(word0) : Transaction.NO_SUBSTREAM;
        Code c = code == 0 ? Code.SUCCESS : code == 1 ? Code.INVALID : Code.FAILURE;
        port.respond(new PageResponse(Descriptor.RID.getInt(word0), substream, Descriptor.PRGI.getInt(word1), c));
    }

    MemoryQueue queue() {
        return queue;
    }

    /** Requests that found no room. */
    long overflowed() {
        return overflowed;
    }
}
