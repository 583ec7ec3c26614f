// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.iommuemu.host.IommuDriver.WRITE;

import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/** Gives a child its parent's regions and pages. What can fail is done first, so that nothing has to be undone in tables. */
final class ForkedPages {
    private final Regions regions;
    private final Pages pages;
    private final FrameSource source;
    private final FailurePlan failures;
    private final TreeMap<Long, Long> copies = new TreeMap<>();

    ForkedPages(Regions regions, Pages pages, FrameSource source, FailurePlan failures) {
        this.regions = regions;
        this.pages = pages;
        this.source = source;
        this.failures = failures;
    }

    /**
     * Takes the memory that the child needs, and copies what is pinned: a device may write to it at any time.
     *
     * @return ENOMEM, and the memory is given back
     */
    Result<ForkedPages> prepare() {
        boolean enough = !failures.fails(Step.ALLOCATION);
        for (Region r : regions.all()) {
            enough = enough && !failures.fails(Step.ALLOCATION) && (r.shared() != null || copyPinned(r));
        }
        if (!enough) {
            copies.values().forEach(source.allocator()::release);
            return Result.err(Step.ALLOCATION.errno(), "the memory of a child");
        }
        return Result.ok(this);
    }

    private boolean copyPinned(Region r) {
        for (Map.Entry<Long, Pages.Page> e : pages.within(r.start(), r.end()).entrySet()) {
            long frame = e.getValue().frame();
            if (source.allocator().isPinned(frame)) {
                long copy = failures.fails(Step.MEMORY)
                        ? FrameAllocator.NONE
                        : source.allocator().allocate();
                if (copy == FrameAllocator.NONE) {
                    return false;
                }
                source.copy(frame, copy);
                copies.put(e.getKey(), copy);
            }
        }
        return true;
    }

    /** Gives the child all it gets, and takes from the parent what it may not write to any more. */
    void commit(Regions childRegions, Pages childPages) {
        long first = -1;
        long last = -1;
        for (Region r : regions.all()) {
            childRegions.add(r);
            if (r.shared() != null) {
                continue;
            }
            int readOnly = r.permissions() & ~WRITE;
            for (Map.Entry<Long, Pages.Page> e :
                    pages.within(r.start(), r.end()).entrySet()) {
                Pages.Page p = e.getValue();
                @Nullable Long copy = copies.get(e.getKey());
                if (copy != null) {
                    childPages.add(e.getKey(), copy, r.permissions());
                    continue;
                }
                source.allocator().share(p.frame());
                childPages.add(e.getKey(), p.frame(), readOnly);
                if ((p.mapped() & WRITE) != 0) {
                    first = first < 0 ? e.getKey() : first;
                    last = e.getKey();
                    pages.write(e.getKey(), p, p.mapped() & ~WRITE);
                }
            }
        }
        if (first >= 0) {
            pages.changed(first, last + PhysicalMemory.PAGE_BYTES);
        }
    }
}
