// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.EntryFilter;
import org.iommuemu.cache.SetAssociativeCache;

/**
 * Caches of table descriptors, one for each height above the leaves, so that a walk starts as deep as it can.
 *
 * <p>An entry of height {@code h} holds the address of a table of height {@code h − 1} and the restrictions accumulated on
 * the way to it. Behind another stage it has the table's physical address too, if one leaf of that stage holds the whole table;
 * else the address must be translated again. Such an entry is of both stages: what invalidates the first stage drops it, what
 * names intermediate addresses need not. Tags are those of {@link EntryTag}; leaves are not kept here but in the IOTLB.
 */
public final class WalkCaches {
    /** Number of heights that have a cache. */
    public static final int COUNT = TableFormat.HEIGHTS - 1;

    /** Value of {@link #find} when nothing is cached. */
    static final int NONE = -1;

    /** First value: marks an entry whose second value has the table's physical address; tables are aligned to more. */
    private static final long LOCATED = 1;
    /** Second value: the physical address; restrictions are in the bits around it. */
    private static final long LOCATION = (1L << 52) - (1L << 12);

    private final SetAssociativeCache[] byHeight = new SetAssociativeCache[TableFormat.HEIGHTS];
    private int hitEntry;

    /**
     * Caches of a geometry for each height.
     *
     * @param name what reports call them, the height added
     * @param geometries by height from 1 up, {@link #COUNT} of them; without any entries walks start at the root
     * @throws IllegalArgumentException for another number of them
     */
    public WalkCaches(String name, List<CacheGeometry> geometries) {
        if (geometries.size() != COUNT) {
            throw new IllegalArgumentException(
                    geometries.size() + " walk caches, expected " + COUNT + ", one for each height");
        }
        for (int h = 1; h < byHeight.length; h++) {
            byHeight[h] = new SetAssociativeCache(name + " " + h, geometries.get(h - 1));
        }
    }

    /** Looks from the deepest height up; returns the height of the cached descriptor, or {@link #NONE}. */
    int find(TableRoot root, long address) {
        TableFormat f = root.format();
        for (int h = 1; h <= root.startHeight(); h++) {
            int shift = f.shift(h);
            int entry = byHeight[h].lookup(
                    EntryTag.of(address, shift, f.granuleCode(), false),
                    root.tag(),
                    address >>> shift ^ root.indexMix());
            if (entry >= 0) {
                hitEntry = entry;
                return h;
            }
        }
        return NONE;
    }

    /** The table's address in the address space of the tables. */
    long table(int height) {
        return byHeight[height].value0(hitEntry) & ~LOCATED;
    }

    /** Whether {@link #location} is known. */
    boolean isLocated(int height) {
        return (byHeight[height].value0(hitEntry) & LOCATED) != 0;
    }

    /** The table's physical address. */
    long location(int height) {
        return byHeight[height].value1(hitEntry) & LOCATION;
    }

    long restrictions(int height) {
        return byHeight[height].value1(hitEntry) & ~LOCATION;
    }

    void fill(TableRoot root, long address, int height, long table, long location, boolean located, long restrictions) {
        TableFormat f = root.format();
        int shift = f.shift(height);
        byHeight[height].fill(
                EntryTag.of(address, shift, f.granuleCode(), false),
                root.tag(),
                address >>> shift ^ root.indexMix(),
                table | (located ? LOCATED : 0),
                location & LOCATION | restrictions);
    }

    /** Drops everything that {@code filter} matches. */
    public void invalidateIf(EntryFilter filter) {
        for (int h = 1; h < byHeight.length; h++) {
            if (byHeight[h].size() > 0) {
                byHeight[h].invalidateIf(filter);
            }
        }
    }

    /** Drops everything. */
    public void invalidateAll() {
        for (int h = 1; h < byHeight.length; h++) {
            byHeight[h].invalidateAll();
        }
    }

    /** Whether nothing is cached. */
    public boolean isEmpty() {
        for (int h = 1; h < byHeight.length; h++) {
            if (byHeight[h].size() > 0) {
                return false;
            }
        }
        return true;
    }

    /** Walks so far that started from an entry: they look in one cache after the other, and stop at the first that has one. */
    public long hits() {
        long n = 0;
        for (int h = 1; h < byHeight.length; h++) {
            n += byHeight[h].counters().hits();
        }
        return n;
    }

    /** The caches by height, from 1 up. */
    public List<SetAssociativeCache> caches() {
        List<SetAssociativeCache> all = new ArrayList<>();
        for (int h = 1; h < byHeight.length; h++) {
            all.add(byHeight[h]);
        }
        return all;
    }
}
