// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.iommuemu.host.process.ProcessMachine.PAGE;
import static org.iommuemu.host.process.ProcessMachine.READ;
import static org.iommuemu.host.process.ProcessMachine.WRITE;

import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A process as one would explain it: every page has its bytes, a child gets copies of them, shared ones apart. */
final class ReferenceProcess {
    /**
     * A page.
     *
     * @param bytes the same array where a page is shared
     * @param shared what it is a page of, if it is shared
     */
    record ReferencePage(
            byte[] bytes, int permissions, @Nullable Shared shared) {
        boolean isShared() {
            return shared != null;
        }
    }

    /** Shared memory, which keeps all its pages as long as one of them is mapped. */
    static final class Shared {
        final int pages;

        Shared(int pages) {
            this.pages = pages;
        }
    }

    private static final long END = 1L << 47;

    final TreeMap<Long, ReferencePage> pages = new TreeMap<>();

    /** Where a mapping goes that nobody has a wish for. */
    long room(long pageCount) {
        long at = 0x4000_0000;
        for (long next = at; next < at + pageCount * PAGE; next += PAGE) {
            if (pages.containsKey(next)) {
                at = next + PAGE;
            }
        }
        return at + pageCount * PAGE <= END ? at : -1;
    }

    void map(long at, int pageCount, int permissions, boolean isShared) {
        Shared shared = isShared ? new Shared(pageCount) : null;
        for (int i = 0; i < pageCount; i++) {
            pages.put(at + i * PAGE, new ReferencePage(new byte[(int) PAGE], permissions, shared));
        }
    }

    void unmap(long at, long pageCount) {
        pages.subMap(at, at + pageCount * PAGE).clear();
    }

    /** Whether all of a range is mapped; if so it gets other permissions. */
    boolean protect(long at, long pageCount, int permissions) {
        if (pages.subMap(at, at + pageCount * PAGE).size() < pageCount) {
            return false;
        }
        pages.subMap(at, at + pageCount * PAGE)
                .replaceAll((page, p) -> new ReferencePage(p.bytes, permissions, p.shared));
        return true;
    }

    @Nullable
    ReferencePage page(long address) {
        return pages.get(address & -PAGE);
    }

    /** What is read, or -1. */
    int peek(long address) {
        ReferencePage p = page(address);
        return p == null || (p.permissions & READ) == 0 ? -1 : p.bytes[(int) (address & PAGE - 1)] & 0xFF;
    }

    boolean maySee(long address, int access) {
        ReferencePage p = page(address);
        return p != null && (access & ~p.permissions) == 0;
    }

    boolean poke(long address, int value) {
        ReferencePage p = page(address);
        if (p == null || (p.permissions & WRITE) == 0) {
            return false;
        }
        p.bytes[(int) (address & PAGE - 1)] = (byte) value;
        return true;
    }

    ReferenceProcess fork() {
        ReferenceProcess child = new ReferenceProcess();
        pages.forEach((page, p) ->
                child.pages.put(page, p.isShared() ? p : new ReferencePage(p.bytes.clone(), p.permissions, null)));
        return child;
    }
}
