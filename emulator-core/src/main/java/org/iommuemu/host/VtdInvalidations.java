// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.iommu.PageResponse;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.ExtendedCapability;

/** The invalidations that Linux asks a VT-d unit for (VT-d architecture 6.5.2). */
final class VtdInvalidations {
    private static final int GRANULE = 12;
    /** The span of everything: the lowest zero of the address is bit 63. */
    private static final long EVERYTHING = Long.MAX_VALUE;

    private final DescriptorSender queue;
    private final LinuxRelease release;
    private final int mostMask;
    private final long drain;
    private final boolean throttles;

    /**
     * Invalidations by a queue.
     *
     * @param features what the unit can do
     * @param release how it is asked for that
     */
    VtdInvalidations(DescriptorSender queue, VtdFeatures features, LinuxRelease release) {
        this.queue = queue;
        this.release = release;
        mostMask = features.has(Capability.PSI) ? Capability.MAMV.getInt(features.cap()) : -1;
        drain = Descriptor.DRAIN_WRITES.of(features.has(Capability.DWD) ? 1 : 0)
                | Descriptor.DRAIN_READS.of(features.has(Capability.DRD) ? 1 : 0);
        throttles = features.hasExtended(ExtendedCapability.DIT);
    }

    /** Everything, as after a new root table. */
    void everything(boolean scalable) {
        queue.add(Descriptor.CONTEXT_CACHE.type() | Descriptor.G.of(Descriptor.GLOBAL), 0);
        queue.submit();
        if (scalable) {
            queue.add(Descriptor.PASID_CACHE.type() | Descriptor.G.of(3), 0);
            queue.submit();
        }
        queue.add(Descriptor.IOTLB.type() | drain | Descriptor.G.of(Descriptor.GLOBAL), 0);
        queue.submit();
    }

    /** Every interrupt remapping entry. */
    void interrupts() {
        queue.add(Descriptor.INTERRUPT_ENTRY_CACHE.type(), 0);
    }

    /** An interrupt remapping entry. */
    void interruptEntry(int index) {
        queue.add(
                Descriptor.INTERRUPT_ENTRY_CACHE.type() | Descriptor.INDEX_SELECTIVE.of(1) | Descriptor.IIDX.of(index),
                0);
    }

    /** A context entry. */
    void context(int stream, int domain) {
        queue.add(
                Descriptor.CONTEXT_CACHE.type()
                        | Descriptor.G.of(Descriptor.SELECTIVE)
                        | Descriptor.SID.of(stream)
                        | Descriptor.DID.of(domain),
                0);
    }

    /** The PASID entry of a PASID in a domain. */
    void pasid(int domain, int pasid) {
        queue.add(
                Descriptor.PASID_CACHE.type()
                        | Descriptor.G.of(1)
                        | Descriptor.DID.of(domain)
                        | Descriptor.PASID.of(pasid),
                0);
    }

    /** The PASID entries of a domain. */
    void pasids(int domain) {
        queue.add(Descriptor.PASID_CACHE.type() | Descriptor.DID.of(domain), 0);
    }

    /** A domain's translations. */
    void domain(int domain) {
        queue.add(Descriptor.IOTLB.type() | drain | Descriptor.G.of(Descriptor.DOMAIN) | Descriptor.DID.of(domain), 0);
    }

    /** A range of a domain: the smallest aligned power of two around it, or all of it if that is too much. */
    void domainRange(int domain, long address, long bytes, boolean leaves) {
        int order = AlignedSpan.order(address, bytes);
        if (order > mostMask) {
            domain(domain);
            return;
        }
        boolean hint = leaves && release.hintsLeaves();
        long first = release.hintsLeaves() ? AlignedSpan.first(address, order) : address;
        queue.add(
                Descriptor.IOTLB.type() | drain | Descriptor.G.of(Descriptor.SELECTIVE) | Descriptor.DID.of(domain),
                range(first, order, hint));
    }

    /** A PASID's translations. */
    void firstStage(int domain, int pasid) {
        queue.add(
                Descriptor.PASID_IOTLB.type()
                        | Descriptor.G.of(Descriptor.DOMAIN)
                        | Descriptor.DID.of(domain)
                        | Descriptor.PASID.of(pasid),
                0);
    }

    /** A range of a PASID. */
    void firstStageRange(int domain, int pasid, long address, long bytes, boolean leaves) {
        int order = AlignedSpan.order(address, bytes);
        if (order > mostMask) {
            firstStage(domain, pasid);
            return;
        }
        queue.add(
                Descriptor.PASID_IOTLB.type()
                        | Descriptor.G.of(Descriptor.SELECTIVE)
                        | Descriptor.DID.of(domain)
                        | Descriptor.PASID.of(pasid),
                range(AlignedSpan.first(address, order), order, leaves));
    }

    private static long range(long first, int order, boolean leaves) {
        return Descriptor.ADDR.inPlace(first) | Descriptor.IH.of(leaves ? 1 : 0) | Descriptor.AM.of(order);
    }

    /**
     * A range of a device's ATC: the smallest aligned power of two around it.
     *
     * @param pasid or {@link IommuDriver#NO_PASID}
     * @param bytes length of the range, or 0 for everything
     */
    void atc(int stream, int pasid, long address, long bytes) {
        int order = bytes == 0 ? 0 : AlignedSpan.order(address, bytes);
        boolean sized = bytes == 0 || order != 0;
        long span = bytes == 0
                ? EVERYTHING
                // Ones below the size, of which the highest bit is zero (VT-d 6.5.2.5).
                : AlignedSpan.first(address, order) | (order == 0 ? 0 : (1L << order + GRANULE - 1) - 1);
        long at = Descriptor.ADDR.inPlace(span);
        if (pasid == IommuDriver.NO_PASID) {
            queue.add(
                    Descriptor.DEVICE_TLB.type() | Descriptor.SID.of(stream) | function(stream),
                    at | Descriptor.S.of(sized ? 1 : 0));
        } else {
            queue.add(
                    type(Descriptor.PASID_DEVICE_TLB)
                            | Descriptor.RID.of(stream)
                            | Descriptor.PASID.of(pasid)
                            | function(stream),
                    at | Descriptor.PASID_S.of(sized ? 1 : 0));
        }
    }

    /** The physical function that requests count for, where the unit counts them (ECAP.DIT). */
    private long function(int stream) {
        return !throttles ? 0 : Descriptor.PFSID_LOW.of(stream & 0xF) | Descriptor.PFSID_HIGH.of(stream >>> 4);
    }

    private static long type(Descriptor d) {
        return d.type() & 0xF | (long) (d.type() >>> 4) << 9;
    }

    /** Answers a page request group. */
    void respond(int stream, int pasid, int group, PageResponse.Code code) {
        boolean present = pasid != IommuDriver.NO_PASID;
        queue.add(
                type(Descriptor.PAGE_GROUP_RESPONSE)
                        | Descriptor.PP.of(present ? 1 : 0)
                        | Descriptor.RC.of(code.encoding())
                        | Descriptor.RID.of(stream)
                        | (present ? Descriptor.PASID.of(pasid) : 0),
                Descriptor.PRGI.of(group));
        queue.submit();
    }

    /** Lets nothing that follows start before all so far is done. */
    void fence() {
        queue.add(Descriptor.WAIT.type() | Descriptor.FN.of(1) | Descriptor.STATUS_DATA.of(DescriptorSender.DONE), 0);
    }

    /** Waits until what was asked for is done, where every invalidation has a wait of its own. */
    void step() {
        if (!release.batches()) {
            complete();
        }
    }

    /** Submits what was asked for, and waits until it is done, and until the page requests that came before are in their queue. */
    void drain() {
        queue.submit(Descriptor.PD.of(1));
    }

    /** Whether a device did not answer since it was last trusted. */
    boolean isSilent(int stream) {
        return queue.isSilent(stream);
    }

    /** Lets requests be sent to a device again. */
    void trust(int stream) {
        queue.trust(stream);
    }

    /** Submits what was asked for, and waits until it is done. */
    void complete() {
        queue.submit();
    }
}
