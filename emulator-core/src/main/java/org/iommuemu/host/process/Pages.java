// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.iommuemu.host.PageTables;
import org.iommuemu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/** The pages of an address space that are present, and the tables that map them; tells notifiers of changes. */
final class Pages {
    /** A page that is present: one reference to its frame. */
    static final class Page {
        private long frame;
        private int mapped;

        private Page(long frame) {
            this.frame = frame;
        }

        long frame() {
            return frame;
        }

        /** What the tables allow; 0 if they do not map it. */
        int mapped() {
            return mapped;
        }
    }

    private static final int SHIFT = PhysicalMemory.PAGE_SHIFT;
    private static final long BYTES = PhysicalMemory.PAGE_BYTES;

    private final TreeMap<Long, Page> byAddress = new TreeMap<>();
    private final List<MmuNotifier> notifiers = new ArrayList<>();
    private final PageTables tables;
    private final FrameAllocator frames;

    Pages(PageTables tables, FrameAllocator frames) {
        this.tables = tables;
        this.frames = frames;
    }

    void addNotifier(MmuNotifier notifier) {
        notifiers.add(notifier);
    }

    void removeNotifier(MmuNotifier notifier) {
        notifiers.remove(notifier);
    }

    @Nullable
    Page at(long page) {
        return byAddress.get(page);
    }

    NavigableMap<Long, Page> within(long start, long end) {
        return byAddress.subMap(start, true, end, false);
    }

    /** Makes a page present. */
    void add(long page, long frame, int permissions) {
        Page p = new Page(frame);
        byAddress.put(page, p);
        write(page, p, permissions);
    }

    /** Changes what the tables allow, without telling. */
    void write(long page, Page p, int permissions) {
        if (p.mapped == 0 && permissions != 0) {
            tables.map(page, p.frame, SHIFT, permissions);
        } else if (permissions != 0) {
            tables.protect(page, SHIFT, permissions);
        } else if (p.mapped != 0) {
            tables.unmap(page, SHIFT);
        }
        p.mapped = permissions;
    }

    /** Changes what the tables allow. */
    void change(long page, Page p, int permissions) {
        boolean wasMapped = p.mapped != 0;
        write(page, p, permissions);
        if (wasMapped) {
            changed(page, page + BYTES);
        }
    }

    /**
     * Clears a page's entry, and once nothing is left of it in caches gives the page a copy of its frame, which is not mapped yet. Another frame
     * is not put in place of the first one directly: no cache is to hold both.
     *
     * @param copy a frame with one reference, which is given up again if the page has changed meanwhile
     */
    void copy(long page, Page p, long copy, FrameSource source) {
        long old = p.frame;
        frames.share(old);
        change(page, p, 0);
        boolean same = byAddress.get(page) == p && p.frame == old && p.mapped == 0;
        if (same) {
            source.copy(old, copy);
            p.frame = copy;
        }
        frames.release(same ? old : copy);
        frames.release(old);
    }

    /** Takes all pages of a range away, and gives their frames up once nothing is left of them in caches. */
    void remove(long start, long end) {
        Map<Long, Page> range = within(start, end);
        List<Page> removed = new ArrayList<>(range.values());
        long first = -1;
        long last = -1;
        for (Map.Entry<Long, Page> e : range.entrySet()) {
            if (e.getValue().mapped != 0) {
                first = first < 0 ? e.getKey() : first;
                last = e.getKey();
                write(e.getKey(), e.getValue(), 0);
            }
        }
        range.clear();
        if (first >= 0) {
            changed(first, last + BYTES);
        }
        removed.forEach(p -> frames.release(p.frame));
    }

    /** Tells all notifiers of a change. */
    void changed(long start, long end) {
        for (MmuNotifier n : new ArrayList<>(notifiers)) {
            n.invalidate(start, end - start);
        }
    }

    /** Tells all notifiers that this is the end, and forgets them. */
    void release() {
        for (MmuNotifier n : new ArrayList<>(notifiers)) {
            n.release();
        }
        notifiers.clear();
    }
}
