// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.PageTables;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.process.AddressSpace;
import org.jspecify.annotations.Nullable;

/** The address space that user space fills: what is mapped for requests without PASID, in all domains of a container alike. */
final class DmaMappings {
    /** How many there can be (dma_entry_limit). */
    static final int LIMIT = 65_535;

    private static final int PAGE_SHIFT = 12;
    private static final long PAGE = 1L << PAGE_SHIFT;

    private final ControlCore core;
    private final List<VfioDomain> domains;
    private final boolean mayCutShort;
    private final TreeMap<Long, DmaMapping> mappings = new TreeMap<>(Long::compareUnsigned);

    /**
     * Nothing is mapped.
     *
     * @param domains where, as they come and go
     * @param mayCutShort TYPE1's rule for unmapping: what begins before the range ends it, else that is an error
     */
    DmaMappings(ControlCore core, List<VfioDomain> domains, boolean mayCutShort) {
        this.core = core;
        this.domains = domains;
        this.mayCutShort = mayCutShort;
    }

    int count() {
        return mappings.size();
    }

    /** VFIO_IOMMU_MAP_DMA, behind the checks of its structure. */
    Result<Done> map(@Nullable AddressSpace mm, long vaddr, long iova, long size, int permissions) {
        if (permissions == 0 || size == 0 || ((size | iova | vaddr) & PAGE - 1) != 0) {
            return Result.err(Errno.EINVAL, "permissions, size or alignment");
        }
        if (wraps(iova, size) || wraps(vaddr, size)) {
            return Result.err(Errno.EINVAL, "a range that wraps");
        }
        if (find(iova, size) != null) {
            return Result.err(Errno.EEXIST, "a range that is mapped");
        }
        if (mappings.size() == LIMIT) {
            return Result.err(Errno.ENOSPC, "one mapping more");
        }
        if (domains.stream().anyMatch(d -> !reaches(d, iova, size))) {
            return Result.err(Errno.EINVAL, "addresses that the IOMMU has not");
        }
        if (core.fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), "a mapping");
        }
        if (mm == null) {
            return Result.err(Errno.ENODEV, "memory of a kernel thread");
        }
        DmaMapping made = new DmaMapping(mm, vaddr, iova, size, permissions);
        if (!domains.isEmpty()) {
            Result<Done> pinned = pin(made).then(done -> mapEverywhere(made));
            if (!pinned.isOk()) {
                unpin(made);
                return pinned;
            }
        }
        mm.grab();
        mappings.put(iova, made);
        return Result.done();
    }

    private Result<Done> mapEverywhere(DmaMapping made) {
        List<VfioDomain> mapped = new ArrayList<>();
        for (VfioDomain d : domains) {
            Result<Done> one = map(d, made);
            if (!one.isOk()) {
                mapped.forEach(m -> unmap(m, made));
                return one;
            }
            mapped.add(d);
        }
        return Result.done();
    }

    private static boolean wraps(long start, long size) {
        return Long.compareUnsigned(start + size - 1, start) < 0;
    }

    private static boolean reaches(VfioDomain domain, long iova, long size) {
        PageTables tables = Objects.requireNonNull(domain.domain().tables());
        return iova + size - 1 >>> tables.inputBits() == 0;
    }

    /** The lowest that has something of a range, which does not wrap. */
    private @Nullable DmaMapping find(long iova, long size) {
        Map.Entry<Long, DmaMapping> before = mappings.floorEntry(iova);
        if (before != null && Long.compareUnsigned(before.getValue().last(), iova) >= 0) {
            return before.getValue();
        }
        Map.Entry<Long, DmaMapping> in = mappings.ceilingEntry(iova);
        return in != null && Long.compareUnsigned(in.getKey(), iova + size - 1) <= 0 ? in.getValue() : null;
    }

    /**
     * VFIO_IOMMU_UNMAP_DMA, behind the checks of its structure.
     *
     * @param mm whose mappings may be unmapped
     * @return how many bytes were unmapped
     */
    Result<Long> unmap(@Nullable AddressSpace mm, long iova, long size) {
        if (size == 0 || ((size | iova) & PAGE - 1) != 0 || wraps(iova, size)) {
            return Result.err(Errno.EINVAL, "the range to be unmapped");
        }
        if (!mayCutShort && (isCut(iova, iova) || isCut(iova + size - 1, iova + size))) {
            return Result.err(Errno.EINVAL, "part of a mapping");
        }
        long unmapped = 0;
        for (DmaMapping m = find(iova, size); m != null; m = find(iova, size)) {
            boolean before = Long.compareUnsigned(m.iova(), iova) < 0;
            if (before || m.mm() != mm) {
                break;
            }
            unmapped += m.size();
            remove(m);
        }
        return Result.ok(unmapped);
    }

    /** Whether a byte is of a mapping that a border divides. */
    private boolean isCut(long inside, long border) {
        DmaMapping m = find(inside, 1);
        return m != null && m.iova() != border && m.last() + 1 != border;
    }

    private void remove(DmaMapping mapping) {
        mappings.remove(mapping.iova());
        if (mapping.frames() != null) {
            domains.forEach(d -> unmap(d, mapping));
        }
        unpin(mapping);
        mapping.mm().drop();
    }

    /** Unmaps everything, as the last IOMMU goes with the container's last group. */
    void clear() {
        List.copyOf(mappings.values()).forEach(this::remove);
    }

    /** Lets pages go, but not mappings, as the last IOMMU goes and mediated devices stay. */
    void unpin() {
        mappings.values().forEach(m -> {
            domains.forEach(d -> unmap(d, m));
            unpin(m);
        });
    }

    /**
     * Maps all in a domain that is to join the others; what had not to be pinned is. If it fails, or the domain does not join after all, {@link
     * #undoReplay} is to be called once nothing is attached to it.
     */
    Result<Done> replay(VfioDomain domain) {
        for (DmaMapping m : mappings.values()) {
            Result<Done> one = reaches(domain, m.iova(), m.size())
                    ? Result.done()
                    : Result.err(Errno.EINVAL, "an IOMMU with fewer bits");
            one = one.then(done -> m.frames() == null ? pin(m) : Result.done()).then(done -> map(domain, m));
            if (!one.isOk()) {
                return one;
            }
        }
        return Result.done();
    }

    /** Lets go what {@link #replay} has pinned, if there is no other domain. */
    void undoReplay() {
        if (domains.isEmpty()) {
            mappings.values().forEach(DmaMappings::unpin);
        }
    }

    private static Result<Done> pin(DmaMapping mapping) {
        boolean write = (mapping.permissions() & IommuDriver.WRITE) != 0;
        return mapping.mm().pin(mapping.vaddr(), mapping.size(), write).then(frames -> {
            mapping.frames(frames);
            return Result.done();
        });
    }

    private static void unpin(DmaMapping mapping) {
        long[] frames = mapping.frames();
        if (frames != null) {
            mapping.frames(null);
            mapping.mm().unpin(frames);
        }
    }

    /** Maps runs of frames that follow each other. */
    private static Result<Done> map(VfioDomain domain, DmaMapping mapping) {
        if (domain.core().fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), "page tables");
        }
        long[] frames = Objects.requireNonNull(mapping.frames());
        for (int first = 0, end; first < frames.length; first = end) {
            end = first + 1;
            while (end < frames.length && frames[end] == frames[end - 1] + PAGE) {
                end++;
            }
            long iova = mapping.iova() + first * PAGE;
            domain.core()
                    .driver()
                    .map(domain.domain(), iova, frames[first], (end - first) * PAGE, PAGE_SHIFT, mapping.permissions());
        }
        return Result.done();
    }

    private static void unmap(VfioDomain domain, DmaMapping mapping) {
        domain.core().driver().unmap(domain.domain(), mapping.iova(), mapping.size(), PAGE_SHIFT);
    }
}
