// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.iommuemu.host.IommuDriver.WRITE;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.memory.PhysicalMemory;

/** Brings in pages, and breaks copy-on-write. */
final class PageFaults {
    private static final long BYTES = PhysicalMemory.PAGE_BYTES;

    private final Regions regions;
    private final Pages pages;
    private final FrameSource source;
    private final FailurePlan failures;

    PageFaults(Regions regions, Pages pages, FrameSource source, FailurePlan failures) {
        this.regions = regions;
        this.pages = pages;
        this.source = source;
        this.failures = failures;
    }

    /** What the tables are to allow for a page. */
    int allowed(Region r, Pages.Page p) {
        return isCopyOnWrite(r, p) ? r.permissions() & ~WRITE : r.permissions();
    }

    private boolean isCopyOnWrite(Region r, Pages.Page p) {
        return r.shared() == null && source.allocator().references(p.frame()) > 1;
    }

    /**
     * A page fault.
     *
     * @param own whether the page is to be this address space's own even if it is only read
     */
    Result<Done> bringIn(long address, int access, boolean own) {
        long page = address & -BYTES;
        while (true) {
            Region r = regions.at(address);
            if (r == null || (access & ~r.permissions()) != 0 || isBeyondFile(r, page)) {
                return Result.err(Errno.EFAULT, String.format("access to 0x%x", address));
            }
            Pages.Page p = pages.at(page);
            boolean copies = p != null && isCopyOnWrite(r, p) && (own || (access & WRITE) != 0);
            if (p == null || copies) {
                long frame = failures.fails(Step.MEMORY) ? FrameAllocator.NONE : newFrame(r, page, copies);
                if (frame == FrameAllocator.NONE) {
                    return Result.err(Errno.ENOMEM, String.format("a page for 0x%x", address));
                }
                if (p == null) {
                    pages.add(page, frame, r.permissions());
                } else {
                    pages.copy(page, p, frame, source);
                }
            } else if ((access & ~p.mapped()) != 0) {
                pages.change(page, p, allowed(r, p));
            } else {
                return Result.done();
            }
        }
    }

    private static boolean isBeyondFile(Region r, long page) {
        return r.shared() != null && r.offset(page) >= r.shared().length();
    }

    private long newFrame(Region r, long page, boolean isToBeCopied) {
        if (isToBeCopied) {
            return source.allocator().allocate();
        }
        return r.shared() == null ? source.zeroed() : r.shared().frame(r.offset(page));
    }
}
