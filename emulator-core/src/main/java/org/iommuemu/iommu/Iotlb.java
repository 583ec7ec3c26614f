// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.Arrays;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.paging.EntryTag;
import org.iommuemu.paging.TableRoot;
import org.jspecify.annotations.Nullable;

/**
 * The IOTLB: leaf translations of any size, tagged by address space and granule, in one set-associative structure.
 *
 * <p>A lookup probes once for every page size that is live under the root's granule - one, mostly. An entry's first value is
 * the output address with the {@link org.iommuemu.paging.Permission} bits below it, its second the memory attributes. An entry
 * without permissions may stand for a fault, if {@link #keepFaults} says so.
 */
public final class Iotlb {
    /** Permission bits of a first value. */
    private static final long PERMISSIONS = 0x3F;

    /** Invalidations of at most this many probes look entries up; others search the whole cache. */
    private static final int MOST_PROBES = 64;

    /** In the second value of an entry that stands for a fault; the ordinal of its kind is below. */
    private static final long FAULT = 1L << 63;

    private static final FaultKind[] KINDS = FaultKind.values();

    private final SetAssociativeCache cache;
    private final int[] live = new int[EntryTag.CLASSES];

    /** For each granule code and each of {own, global}: the log2 sizes of live entries, as bits. */
    private final long[] liveShifts = new long[8];

    private int smallestShift = 63;
    private final boolean contiguousHonoured;
    private boolean faultsKept;
    private int hitShift;
    private int last = SetAssociativeCache.MISS;
    private boolean filled;

    /**
     * An empty IOTLB.
     *
     * @param name what reports call it
     * @param contiguousHonoured whether an entry covers the whole run of leaves marked contiguous
     */
    public Iotlb(String name, CacheGeometry geometry, boolean contiguousHonoured) {
        cache = new SetAssociativeCache(name, geometry);
        this.contiguousHonoured = contiguousHonoured;
    }

    /** Lets faults of second-stage tables be kept from now on, as an architecture may allow; those of a first stage never are. */
    public void keepFaults() {
        faultsKept = true;
    }

    /**
     * Looks an address up and counts the lookup.
     *
     * @param address canonical
     * @return the entry, or {@link SetAssociativeCache#MISS}
     */
    int lookup(TableRoot root, long address) {
        int granule = root.granuleCode();
        int entry = find(liveShifts[granule << 1], root.tag(), root.indexMix(), granule, false, address);
        if (entry < 0 && liveShifts[granule << 1 | 1] != 0) {
            entry = find(liveShifts[granule << 1 | 1], root.globalTag(), root.globalIndexMix(), granule, true, address);
        }
        cache.countLookup(entry >= 0);
        last = entry;
        return entry;
    }

    /**
     * The entry that the last lookup found or the last fill filled.
     *
     * @return its number, or {@link SetAssociativeCache#MISS} if there was none
     */
    public int lastEntry() {
        return last;
    }

    /** Lets {@link #lastEntry} answer that there was none. */
    public void forgetLastEntry() {
        last = SetAssociativeCache.MISS;
        filled = false;
    }

    /** Counts a lookup that has found an entry, and takes it for a use. */
    void use(int entry) {
        cache.use(entry);
        last = entry;
    }

    /** log2 of the smallest size of which there are entries; 63 if there are none. */
    int smallestShift() {
        return smallestShift;
    }

    /** Whether {@link #lastEntry} was filled, not only found, since {@link #forgetLastEntry}. */
    public boolean hasFilled() {
        return filled && last >= 0;
    }

    /** Probes for the smallest of the live sizes, which is the only one mostly, then for the others. */
    private int find(long shifts, long tag, long indexMix, int granule, boolean global, long address) {
        if (shifts == 0) {
            return SetAssociativeCache.MISS;
        }
        int entry = probe(Long.numberOfTrailingZeros(shifts), tag, indexMix, granule, global, address);
        long others = shifts & shifts - 1;
        return entry >= 0 || others == 0 ? entry : findLarger(others, tag, indexMix, granule, global, address);
    }

    private int findLarger(long shifts, long tag, long indexMix, int granule, boolean global, long address) {
        int entry = SetAssociativeCache.MISS;
        for (long rest = shifts; rest != 0 && entry < 0; rest &= rest - 1) {
            entry = probe(Long.numberOfTrailingZeros(rest), tag, indexMix, granule, global, address);
        }
        return entry;
    }

    private int probe(int shift, long tag, long indexMix, int granule, boolean global, long address) {
        hitShift = shift;
        return cache.find(EntryTag.of(address, shift, granule, global), tag, address >>> shift ^ indexMix);
    }

    /** Whether an address is held by an entry that all address spaces share; counts nothing. */
    boolean isHeldGlobally(TableRoot root, long address) {
        int granule = root.granuleCode();
        long shifts = liveShifts[granule << 1 | 1];
        return find(shifts, root.globalTag(), root.globalIndexMix(), granule, true, address) >= 0;
    }

    /** The {@link org.iommuemu.paging.Permission} bits of an entry. */
    int permissions(int entry) {
        return (int) (cache.value0(entry) & PERMISSIONS);
    }

    /** log2 of the size of the entry that the last lookup found. */
    int hitShift() {
        return hitShift;
    }

    /** log2 of the size of an entry. */
    public int shift(int entry) {
        return EntryTag.shift(cache.tag0(entry));
    }

    /** Whether an address is held; counts nothing, and is no use of the entry. */
    boolean holds(TableRoot root, long address) {
        int granule = root.granuleCode();
        return holds(liveShifts[granule << 1], root.tag(), root.indexMix(), granule, false, address)
                || holds(liveShifts[granule << 1 | 1], root.globalTag(), root.globalIndexMix(), granule, true, address);
    }

    private boolean holds(long shifts, long tag, long indexMix, int granule, boolean global, long address) {
        for (long rest = shifts; rest != 0; rest &= rest - 1) {
            int shift = Long.numberOfTrailingZeros(rest);
            if (cache.probe(EntryTag.of(address, shift, granule, global), tag, address >>> shift ^ indexMix) >= 0) {
                return true;
            }
        }
        return false;
    }

    /** Where the entry that the last lookup found puts an address. */
    long output(int entry, long address) {
        long offset = (1L << hitShift) - 1;
        return cache.value0(entry) & ~offset | address & offset;
    }

    long attributes(int entry) {
        return cache.value1(entry);
    }

    /** The fault that an entry stands for, or null if it is a translation. */
    @Nullable
    FaultKind fault(int entry) {
        long value = cache.value1(entry);
        return value < 0 ? KINDS[(int) value] : null;
    }

    /** Remembers a fault of an address's smallest page, if it is one that may be kept: an entry not present, or erroneous. */
    void fillFault(TableRoot root, long address, FaultKind kind) {
        if (faultsKept
                && root.stage() == 2
                && (kind == FaultKind.INVALID_DESCRIPTOR || kind == FaultKind.RESERVED_BITS)) {
            int shift = root.format().granuleShift();
            fill(root, address, 0, shift, shift, false, 0, FAULT | kind.ordinal());
        }
    }

    /**
     * Remembers a translation.
     *
     * @param address canonical input address
     * @param output physical address of the same byte
     * @param leafShift log2 of the leaf's size
     * @param spanShift log2 of the run of contiguous leaves it belongs to, or of the leaf
     */
    void fill(
            TableRoot root,
            long address,
            long output,
            int leafShift,
            int spanShift,
            boolean global,
            int permissions,
            long attributes) {
        int shift = leafShift;
        // A run is cached as one only if this leaf stands where the hint says it does, and no further than the root
        // translates: the hint must not keep address size faults from being found (DDI 0487 §D8.15).
        if (contiguousHonoured && ((address ^ output) & (1L << spanShift) - 1) == 0) {
            shift = Math.min(spanShift, Math.min(root.inputBits(), root.outputBits()));
        }
        long tag0 = EntryTag.of(address, shift, root.format().granuleCode(), global);
        long base = output & -(1L << shift);
        int before = cache.size();
        filled = true;
        last = cache.fill(
                tag0,
                global ? root.globalTag() : root.tag(),
                address >>> shift ^ (global ? root.globalIndexMix() : root.indexMix()),
                base | permissions,
                attributes);
        if (cache.evicted()) {
            drop(cache.evictedTag0());
            add(tag0);
        } else if (cache.size() > before) {
            add(tag0);
        }
    }

    /**
     * Drops every entry in a scope.
     *
     * @return how many
     */
    int invalidate(InvalidationScope scope) {
        if (cache.size() == 0) {
            return 0;
        }
        if (scope.isExact() && probesFor(scope) <= Math.min(MOST_PROBES, cache.capacity())) {
            return invalidateByLookup(scope);
        }
        int dropped = cache.invalidateIf(scope);
        if (dropped > 0) {
            recount();
        }
        return dropped;
    }

    /** How many lookups would find everything in an exact scope; more than {@link #MOST_PROBES} if a search is needed. */
    private long probesFor(InvalidationScope scope) {
        long probes = 0;
        for (int i = 0; i < liveShifts.length; i++) {
            boolean global = (i & 1) != 0;
            if (global && liveShifts[i] != 0 && scope.includesGlobal()) {
                return Long.MAX_VALUE;
            }
            for (long rest = global ? 0 : liveShifts[i]; rest != 0; rest &= rest - 1) {
                int shift = Long.numberOfTrailingZeros(rest);
                probes += (scope.last() >>> shift) - (scope.first() >>> shift) + 1;
                if (probes > MOST_PROBES) {
                    return probes;
                }
            }
        }
        return probes;
    }

    private int invalidateByLookup(InvalidationScope scope) {
        int dropped = 0;
        long mix = TableRoot.mix(scope.tag());
        for (int i = 0; i < liveShifts.length; i += 2) {
            for (long rest = liveShifts[i]; rest != 0; rest &= rest - 1) {
                int shift = Long.numberOfTrailingZeros(rest);
                long lastPage = scope.last() >>> shift;
                for (long page = scope.first() >>> shift; page <= lastPage; page++) {
                    long tag0 = EntryTag.of(page << shift, shift, i >>> 1, false);
                    if (cache.invalidate(tag0, scope.tag(), page ^ mix)) {
                        drop(tag0);
                        dropped++;
                    }
                }
            }
        }
        return dropped;
    }

    /** The structure itself, for its counters and for inspection. */
    public SetAssociativeCache cache() {
        return cache;
    }

    private void add(long tag0) {
        int entryClass = EntryTag.classOf(tag0);
        if (live[entryClass]++ == 0) {
            liveShifts[entryClass >>> 6] |= 1L << EntryTag.shift(tag0);
            findSmallest();
        }
    }

    private void drop(long tag0) {
        int entryClass = EntryTag.classOf(tag0);
        if (--live[entryClass] == 0) {
            liveShifts[entryClass >>> 6] &= ~(1L << EntryTag.shift(tag0));
            findSmallest();
        }
    }

    private void findSmallest() {
        long all = 1L << 63;
        for (long shifts : liveShifts) {
            all |= shifts;
        }
        smallestShift = Long.numberOfTrailingZeros(all);
    }

    private void recount() {
        Arrays.fill(live, 0);
        Arrays.fill(liveShifts, 0);
        findSmallest();
        if (cache.size() > 0) {
            cache.forEach((entry, tag0, tag1, value0, value1) -> add(tag0));
        }
    }
}
