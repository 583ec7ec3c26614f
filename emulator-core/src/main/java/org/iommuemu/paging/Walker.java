// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import org.iommuemu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/**
 * The table walker: one for every format. {@link #walk} leaves its result in the walker, to be read before the next walk, so
 * that a walk allocates nothing.
 */
public final class Walker {
    private final PhysicalMemory memory;
    private final WalkCaches caches;
    private final long[] accesses = new long[TableFormat.HEIGHTS];
    private long walks;
    private long tableUpdates;
    private boolean unmarked;
    private @Nullable WalkObserver observer;

    private int height;
    private int shift;
    private long descriptor;
    private long descriptorAddress;
    private long descriptorIntermediate;
    private long restrictions;
    private long output;

    /**
     * A walker.
     *
     * @param memory where tables are read
     * @param caches where walks may start
     */
    public Walker(PhysicalMemory memory, WalkCaches caches) {
        this.memory = memory;
        this.caches = caches;
    }

    /** Shows every descriptor read from now on to {@code watcher}; null ends it. */
    public void observe(@Nullable WalkObserver watcher) {
        observer = watcher;
    }

    /**
     * Walks to the leaf that maps an address, over tables whose addresses are physical.
     *
     * @param root whose tables
     * @param address a canonical address that the root {@link TableRoot#covers}
     * @return how the walk ended, see {@link #walk(TableRoot, long, TableLocator)}
     */
    public WalkStatus walk(TableRoot root, long address) {
        return walk(root, address, null);
    }

    /**
     * Walks to the leaf that maps an address.
     *
     * @param root whose tables
     * @param address a canonical address that the root {@link TableRoot#covers}
     * @param locator finds the physical address of each descriptor, for tables in an intermediate address space; else null
     * @return how the walk ended; {@link #height()}, {@link #descriptor()} and {@link #descriptorAddress()} tell where
     */
    public WalkStatus walk(TableRoot root, long address, @Nullable TableLocator locator) {
        return walk(root, address, locator, true);
    }

    /**
     * Walks to the leaf that maps an address.
     *
     * @param updating whether tables may be marked as accessed; without, {@link #isUnmarked()} tells of one that should be,
     *     and neither that nor what lies below is cached
     */
    public WalkStatus walk(TableRoot root, long address, @Nullable TableLocator locator, boolean updating) {
        TableFormat format = root.format();
        int start = root.startHeight();
        int indexMask = (1 << format.strideBits()) - 1;
        long input = address & (1L << root.inputBits()) - 1;
        long limit = -1L << root.outputBits();
        boolean updates = root.updatesTableFlag();
        unmarked = false;
        walks++;

        int h = start;
        long table = root.base();
        long location = table;
        boolean located = locator == null;
        long restrict = 0;
        int fill = WalkCaches.NONE;
        int cached = caches.find(root, address);
        if (cached != WalkCaches.NONE) {
            h = cached - 1;
            table = caches.table(cached);
            location = locator == null ? table : caches.location(cached);
            located |= caches.isLocated(cached);
            restrict = caches.restrictions(cached);
        }
        while (true) {
            // The first table may have more entries than one granule holds (concatenation), or fewer.
            long index = input >>> format.shift(h);
            long offset = (h == start ? index : index & indexMask) << 3;
            long at = location + offset;
            height = h;
            descriptorIntermediate = table + offset;
            if (locator != null && !located) {
                at = locator.locate(table + offset);
                if (at == TableLocator.NOWHERE) {
                    return WalkStatus.NOT_LOCATED;
                }
                // A table within one leaf of the next stage is where its first descriptor is: the cache keeps that.
                located = locator.locatedShift() >= format.granuleShift();
                location = at - offset;
            }
            if (fill != WalkCaches.NONE) {
                caches.fill(root, address, fill, table, location, located, restrict);
                fill = WalkCaches.NONE;
            }
            descriptorAddress = at;
            accesses[h]++;
            if (!memory.answers(at, Long.BYTES)) {
                return WalkStatus.EXTERNAL_ABORT;
            }
            long d = memory.readLong(at);
            if (root.isBigEndian()) {
                d = Long.reverseBytes(d);
            }
            descriptor = d;
            if (observer != null) {
                observer.descriptor(root, h, at, d);
            }
            if (!format.isPresent(d)) {
                return WalkStatus.INVALID_DESCRIPTOR;
            }
            if (format.isTable(d, h)) {
                if (format.isTableMalformed(d, h)) {
                    return WalkStatus.RESERVED_BITS;
                }
                long next = format.nextTable(d);
                if ((next & limit) != 0) {
                    // Of higher priority than what marking the descriptor could come to (DDI 0487 §D8.15).
                    return WalkStatus.ADDRESS_SIZE;
                }
                if (format.endsWalk(restrict | format.restrictions(d))) {
                    return WalkStatus.INVALID_DESCRIPTOR;
                }
                if (updates && !format.isAccessed(d)) {
                    if (root.refusesUpdates()) {
                        return WalkStatus.UPDATE_REFUSED;
                    }
                    // It is marked before it is used, and so before it is cached.
                    unmarked |= !updating;
                    if (updating && locator != null) {
                        long place = locator.locateForUpdate(descriptorIntermediate);
                        if (place == TableLocator.NOWHERE) {
                            return WalkStatus.NOT_LOCATED;
                        }
                        if (place != at) {
                            // What was cached of the table is stale: the descriptor to be marked is another one.
                            location = place - offset;
                            located = true;
                            continue;
                        }
                    }
                    if (updating && !markAccessed(root, at, d)) {
                        continue;
                    }
                }
                table = next;
                if (!root.isHierarchyIgnored()) {
                    restrict |= format.restrictions(d);
                }
                fill = unmarked ? WalkCaches.NONE : h;
                location = table;
                located = locator == null;
                h--;
            } else if (format.isLeaf(d, h)) {
                if (format.isLeafMalformed(d, h)) {
                    return WalkStatus.RESERVED_BITS;
                }
                if (format.endsWalk(restrict | format.restrictions(d))) {
                    return WalkStatus.INVALID_DESCRIPTOR;
                }
                output = format.output(d, h);
                restrictions = restrict;
                int size = format.shift(h);
                // A block may be larger than the output address space: all but its start is outside.
                shift = Math.min(size, root.outputBits());
                long outside = (output | input & (1L << size) - 1) & limit;
                return outside != 0 ? WalkStatus.ADDRESS_SIZE : WalkStatus.OK;
            } else {
                return WalkStatus.INVALID_DESCRIPTOR;
            }
        }
    }

    /** Sets the access flag of a table descriptor; false if it is no longer what was read, and must be read again. */
    private boolean markAccessed(TableRoot root, long at, long table) {
        long marked = root.format().accessed(table);
        tableUpdates++;
        return root.isBigEndian()
                ? memory.compareAndSetLong(at, Long.reverseBytes(table), Long.reverseBytes(marked))
                : memory.compareAndSetLong(at, table, marked);
    }

    /** Whether the last walk went through a table that was to be marked as accessed, but was not to be updated. */
    public boolean isUnmarked() {
        return unmarked;
    }

    /** Table descriptors that were to be marked as accessed, so far. */
    public long tableUpdates() {
        return tableUpdates;
    }

    /** Height of the last descriptor read. */
    public int height() {
        return height;
    }

    /** The last descriptor read. */
    public long descriptor() {
        return descriptor;
    }

    /** Physical address of the last descriptor read, or of the one that got no answer. */
    public long descriptorAddress() {
        return descriptorAddress;
    }

    /** Address of the last descriptor read in the address space of the tables: behind another stage, not the physical one. */
    public long descriptorIntermediate() {
        return descriptorIntermediate;
    }

    /** Restrictions accumulated over the table descriptors, after a walk that ended well. */
    public long restrictions() {
        return restrictions;
    }

    /** log2 of what the leaf maps within the output address space, after a walk that ended well. */
    public int shift() {
        return shift;
    }

    /** Physical address of the leaf's first byte, after a walk that ended well. */
    public long output() {
        return output;
    }

    /** Walks so far. */
    public long walks() {
        return walks;
    }

    /** Descriptor reads so far at one height. */
    public long accesses(int atHeight) {
        return accesses[atHeight];
    }

    /** The caches that walks start from. */
    public WalkCaches caches() {
        return caches;
    }
}
