// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.AtcInvalidations;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.VtdRegisters;

/** What good invalidation descriptors do (VT-d architecture 6.5.2). */
final class DescriptorExecution {
    private static final int PAGE_SHIFT = 12;
    /** Tags of a destination's requests. */
    private static final int TAGS = 32;

    private static final int PASID_CACHE_DOMAIN = 0;
    private static final int PASID_CACHE_PASID = 1;

    private final boolean throttles;
    private final PhysicalMemory memory;
    private final RegisterFile file;
    private final ContextLookup lookup;
    private final Invalidations invalidations;
    private final AtcInvalidations atcs;
    private final InterruptRemapper interrupts;
    private final PageRequests pages;
    private final EventInterrupt event;

    DescriptorExecution(
            VtdFeatures features,
            PhysicalMemory memory,
            RegisterFile file,
            ContextLookup lookup,
            Invalidations invalidations,
            AtcInvalidations atcs,
            InterruptRemapper interrupts,
            PageRequests pages,
            EventInterrupt event) {
        throttles = features.hasExtended(ExtendedCapability.DIT);
        this.memory = memory;
        this.file = file;
        this.lookup = lookup;
        this.invalidations = invalidations;
        this.atcs = atcs;
        this.interrupts = interrupts;
        this.pages = pages;
        this.event = event;
    }

    /** Whether a descriptor has to wait for devices. */
    boolean mustWait(Descriptor d, long word0) {
        return switch (d) {
            case WAIT -> atcs.isPending();
            case DEVICE_TLB -> isThrottled(Descriptor.SID.getInt(word0), function(word0), Descriptor.MIP.getInt(word0));
            case PASID_DEVICE_TLB ->
                isThrottled(Descriptor.RID.getInt(word0), function(word0), Descriptor.PASID_MIP.getInt(word0));
            default -> false;
        };
    }

    /** A request takes a tag of its destination, and with DIT counts for a function, which may have fewer outstanding (13.7). */
    private boolean isThrottled(int destination, int function, int most) {
        return atcs.outstandingTo(destination) >= TAGS
                || throttles && atcs.outstandingFor(function) >= (most == 0 ? TAGS : most);
    }

    private static int function(long word0) {
        return Descriptor.PFSID_HIGH.getInt(word0) << 4 | Descriptor.PFSID_LOW.getInt(word0);
    }

    /** Whether a device did not answer in time since this was last asked. */
    boolean isTimedOut() {
        return atcs.takeTimeout();
    }

    /** The source of the request that timed out last. */
    int timedOutSource() {
        return atcs.timedOutStream();
    }

    /** Executes a descriptor. */
    void execute(Descriptor d, long word0, long word1) {
        int domain = Descriptor.DID.getInt(word0);
        int pasid = Descriptor.PASID.getInt(word0);
        switch (d) {
            case CONTEXT_CACHE -> contexts(word0, domain);
            case IOTLB -> translations(word0, word1, domain);
            case PASID_CACHE -> {
                switch (Descriptor.G.getInt(word0)) {
                    case PASID_CACHE_DOMAIN -> invalidations.contextsOfDomain(domain);
                    case PASID_CACHE_PASID -> invalidations.pasid(domain, pasid);
                    default -> invalidations.contexts();
                }
            }
            case PASID_IOTLB -> {
                if (Descriptor.G.getInt(word0) == Descriptor.DOMAIN) {
                    invalidations.translationsOfPasid(domain, pasid);
                } else {
                    invalidations.pagesOfPasid(
                            domain,
                            pasid,
                            Descriptor.ADDR.inPlace(word1),
                            Descriptor.AM.getInt(word1),
                            Descriptor.IH.isSet(word1));
                }
            }
            case DEVICE_TLB -> {
                boolean sized = Descriptor.S.isSet(word1);
                send(Descriptor.SID.getInt(word0), function(word0), Transaction.NO_SUBSTREAM, false, word1, sized);
            }
            case PASID_DEVICE_TLB -> {
                boolean sized = Descriptor.PASID_S.isSet(word1);
                send(Descriptor.RID.getInt(word0), function(word0), pasid, Descriptor.GI.isSet(word1), word1, sized);
            }
            case INTERRUPT_ENTRY_CACHE -> {
                boolean all = !Descriptor.INDEX_SELECTIVE.isSet(word0);
                interrupts.invalidate(all, Descriptor.IIDX.getInt(word0), Descriptor.IM.getInt(word0));
            }
            case HPT_CACHE -> {
                // Host permissions are read anew for every request.
            }
            case PAGE_GROUP_RESPONSE -> pages.respond(word0, word1);
            case WAIT -> complete(word0, word1);
        }
    }

    private void contexts(long word0, int domain) {
        switch (Descriptor.G.getInt(word0)) {
            case Descriptor.SELECTIVE ->
                invalidations.contextsOfSource(Descriptor.SID.getInt(word0), Descriptor.FM.getInt(word0));
            case Descriptor.DOMAIN -> {
                // A scalable-mode context entry belongs to no domain.
                if (lookup.mode() == ContextLookup.LEGACY) {
                    invalidations.contextsOfDomain(domain);
                } else {
                    invalidations.contexts();
                }
            }
            default -> invalidations.contexts();
        }
    }

    private void translations(long word0, long word1, int domain) {
        switch (Descriptor.G.getInt(word0)) {
            case Descriptor.SELECTIVE ->
                invalidations.pagesOfDomain(
                        domain,
                        Descriptor.ADDR.inPlace(word1),
                        Descriptor.AM.getInt(word1),
                        Descriptor.IH.isSet(word1));
            case Descriptor.DOMAIN -> invalidations.translationsOfDomain(domain);
            default -> invalidations.translations();
        }
    }

    /** The lowest zero of a sized address, at or above bit 12, tells the span (13.4). */
    private void send(int source, int function, int substream, boolean global, long word1, boolean sized) {
        long address = Descriptor.ADDR.inPlace(word1);
        int shift = PAGE_SHIFT;
        if (sized) {
            shift = PAGE_SHIFT + Long.numberOfTrailingZeros(~(address >>> PAGE_SHIFT)) + 1;
        }
        atcs.send(source, function, substream, global, address, shift);
    }

    private void complete(long word0, long word1) {
        if (Descriptor.SW.isSet(word0)) {
            long at = Descriptor.STATUS_ADDRESS.inPlace(word1) & (1L << PhysicalMemory.ADDRESS_BITS) - 1;
            if (memory.answers(at, Integer.BYTES)) {
                memory.writeInt(at, Descriptor.STATUS_DATA.getInt(word0));
            }
        }
        if (Descriptor.IF.isSet(word0) && !VtdRegisters.IWC.isSet(file.get(VtdRegisters.ICS))) {
            file.set(VtdRegisters.ICS, VtdRegisters.IWC.of(1));
            event.raise();
        }
    }
}
