// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The regions of an address space, which do not overlap, lowest first. */
final class Regions {
    /** No region begins below this address (vm.mmap_min_addr). */
    static final long LOWEST = 0x1_0000;
    /** No region ends above this address: the lower half of 48 bits, which all first stages translate. */
    static final long END = 1L << 47;
    /** Where regions are put if it is all the same. */
    static final long BASE = 0x4000_0000;
    /** No more regions than this (vm.max_map_count). */
    static final int MOST = 65_530;

    private final TreeMap<Long, Region> byStart = new TreeMap<>();

    /** All of them. */
    List<Region> all() {
        return new ArrayList<>(byStart.values());
    }

    int count() {
        return byStart.size();
    }

    /** How many are in a range, with all of them or a part. */
    int count(long start, long end) {
        return byStart.subMap(start, end).size() + (isInside(start) ? 1 : 0);
    }

    /** The region that an address is in. */
    @Nullable
    Region at(long address) {
        Map.Entry<Long, Region> e = byStart.floorEntry(address);
        return e == null || address >= e.getValue().end() ? null : e.getValue();
    }

    /** Whether no address from {@code start} to {@code end} is in a region. */
    boolean isFree(long start, long end) {
        Map.Entry<Long, Region> e = byStart.lowerEntry(end);
        return e == null || e.getValue().end() <= start;
    }

    /** Whether all addresses from {@code start} to {@code end} are in regions. */
    boolean covers(long start, long end) {
        long next = start;
        while (next < end) {
            Region r = at(next);
            if (r == null) {
                return false;
            }
            next = r.end();
        }
        return true;
    }

    /**
     * Looks for room.
     *
     * @return the lowest address from {@link #BASE} on, below it if there is none, or -1
     */
    long room(long length) {
        long above = room(BASE, END, length);
        return above >= 0 ? above : room(LOWEST, BASE, length);
    }

    private long room(long from, long to, long length) {
        Region first = at(from);
        long start = first == null ? from : first.end();
        for (Region r : byStart.tailMap(start, true).values()) {
            if (r.start() - start >= length) {
                break;
            }
            start = r.end();
        }
        return start <= to - length ? start : -1;
    }

    /** Adds a region where there is none. */
    void add(Region region) {
        byStart.put(region.start(), region);
        if (region.shared() != null) {
            region.shared().get();
        }
    }

    /** How many more regions there are once those at the ends of a range have been split there. */
    int splits(long start, long end) {
        return (isInside(start) ? 1 : 0) + (isInside(end) ? 1 : 0);
    }

    private boolean isInside(long address) {
        Region r = at(address);
        return r != null && r.start() < address;
    }

    /**
     * Takes out what is in a range; what reaches out of it is split.
     *
     * @return what was there, cut to the range; the shared memory of it still counts it
     */
    List<Region> cut(long start, long end) {
        splitAt(start);
        splitAt(end);
        Map<Long, Region> within = byStart.subMap(start, end);
        List<Region> removed = new ArrayList<>(within.values());
        within.clear();
        return removed;
    }

    private void splitAt(long address) {
        if (isInside(address)) {
            Region r = byStart.floorEntry(address).getValue();
            byStart.put(r.start(), r.part(r.start(), address));
            add(r.part(address, r.end()));
        }
    }

    /** Puts back what was {@link #cut}, perhaps changed. */
    void putBack(Region region) {
        byStart.put(region.start(), region);
    }

    /** Makes one of what could be one, in a range and at its ends. */
    void join(long start, long end) {
        for (Region r : new ArrayList<>(byStart.subMap(start, true, end, true).values())) {
            Map.Entry<Long, Region> before = byStart.lowerEntry(r.start());
            if (before != null && before.getValue().goesOnWith(r)) {
                Region b = before.getValue();
                byStart.remove(r.start());
                byStart.put(b.start(), new Region(b.start(), r.end(), b.permissions(), b.shared(), b.offset()));
                if (r.shared() != null) {
                    r.shared().put();
                }
            }
        }
    }
}
