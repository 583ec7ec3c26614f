// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.vtd.spec.Descriptor;

/** The invalidations that Linux asks a VT-d unit for (VT-d architecture 6.5.2). */
final class VtdInvalidations {
    private static final int GRANULE = 12;

    private final DescriptorSender queue;
    private final int mostMask;

    /**
     * Invalidations by a queue.
     *
     * @param mostMask CAP.MAMV, or −1 without page-selective invalidation
     */
    VtdInvalidations(DescriptorSender queue, int mostMask) {
        this.queue = queue;
        this.mostMask = mostMask;
    }

    /** Everything, as after a new root table. */
    void everything(boolean scalable) {
        queue.add(Descriptor.CONTEXT_CACHE.type() | Descriptor.G.of(Descriptor.GLOBAL), 0);
        queue.submit();
        if (scalable) {
            queue.add(Descriptor.PASID_CACHE.type() | Descriptor.G.of(3), 0);
            queue.submit();
        }
        queue.add(Descriptor.IOTLB.type() | Descriptor.G.of(Descriptor.GLOBAL), 0);
        queue.submit();
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
        queue.add(Descriptor.IOTLB.type() | Descriptor.G.of(Descriptor.DOMAIN) | Descriptor.DID.of(domain), 0);
    }

    /** A range of a domain: the smallest aligned power of two around it, or all of it if that is too much. */
    void domainRange(int domain, long address, long bytes, boolean leaves) {
        int order = order(address, bytes);
        if (order > mostMask) {
            domain(domain);
            return;
        }
        queue.add(
                Descriptor.IOTLB.type() | Descriptor.G.of(Descriptor.SELECTIVE) | Descriptor.DID.of(domain),
                range(address, order, leaves));
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
        int order = order(address, bytes);
        if (order > mostMask) {
            firstStage(domain, pasid);
            return;
        }
        queue.add(
                Descriptor.PASID_IOTLB.type()
                        | Descriptor.G.of(Descriptor.SELECTIVE)
                        | Descriptor.DID.of(domain)
                        | Descriptor.PASID.of(pasid),
                range(address, order, leaves));
    }

    private static long range(long address, int order, boolean leaves) {
        return Descriptor.ADDR.inPlace(address & -(1L << order + GRANULE))
                | Descriptor.IH.of(leaves ? 1 : 0)
                | Descriptor.AM.of(order);
    }

    /** log2 of the pages of the smallest aligned power of two around a range. */
    static int order(long address, long bytes) {
        long differing = (address ^ address + bytes - 1) >>> GRANULE;
        return Long.SIZE - Long.numberOfLeadingZeros(differing);
    }

    /** Submits what was asked for, and waits until it is done. */
    void complete() {
        queue.submit();
    }
}
