// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.iommuemu.cache.EntryFilter;
import org.iommuemu.paging.EntryTag;

/**
 * Which entries of the IOTLB and the walk caches an invalidation names: by context tag under a mask, and by address.
 * Reusable; every setter starts from the scope's last state, {@link #everything()} from none.
 */
public final class InvalidationScope implements EntryFilter {
    private long tagMask;
    private long tag;
    private boolean global;
    private long globalTagMask;
    private long globalTag;
    private long first;
    private long last;
    private boolean leafOnly;
    private boolean sideEffect;

    /** Names every entry. */
    public InvalidationScope everything() {
        tagMask = 0;
        tag = 0;
        global = true;
        globalTagMask = 0;
        globalTag = 0;
        leafOnly = false;
        sideEffect = false;
        return addresses(0, -1L);
    }

    /** Narrows to entries whose context tag equals {@code value} under {@code mask}. */
    public InvalidationScope tag(long mask, long value) {
        tagMask = mask;
        tag = value & mask;
        return this;
    }

    /** Narrows global entries to those whose tag equals {@code value} under {@code mask}. */
    public InvalidationScope globalTag(long mask, long value) {
        globalTagMask = mask;
        globalTag = value & mask;
        return this;
    }

    /** Leaves global entries alone. */
    public InvalidationScope exceptGlobal() {
        global = false;
        return this;
    }

    /** Narrows to entries that hold any address from {@code from} to {@code to}, both included, unsigned. */
    public InvalidationScope addresses(long from, long to) {
        first = from;
        last = to;
        return this;
    }

    /** Leaves the walk caches alone. */
    public InvalidationScope leafOnly(boolean on) {
        leafOnly = on;
        return this;
    }

    /** Says that software has named another scope, and this one comes with it. */
    public InvalidationScope asSideEffect() {
        sideEffect = true;
        return this;
    }

    boolean isSideEffect() {
        return sideEffect;
    }

    boolean isLeafOnly() {
        return leafOnly;
    }

    /** Whether the scope names one address space by its whole tag, so that its entries can be looked up, not searched. */
    boolean isExact() {
        return tagMask == -1L;
    }

    /** Whether the scope names entries of any tag. */
    boolean isAnyTag() {
        return tagMask == 0;
    }

    long tag() {
        return tag;
    }

    boolean includesGlobal() {
        return global;
    }

    long first() {
        return first;
    }

    long last() {
        return last;
    }

    /** The same scope, which does not change with this one. */
    InvalidationScope copy() {
        InvalidationScope c = new InvalidationScope();
        c.tagMask = tagMask;
        c.tag = tag;
        c.global = global;
        c.globalTagMask = globalTagMask;
        c.globalTag = globalTag;
        c.first = first;
        c.last = last;
        c.leafOnly = leafOnly;
        c.sideEffect = sideEffect;
        return c;
    }

    /** Whether the scope names the entries of a tag, whatever their address. */
    boolean names(long entryTag, boolean globalEntry) {
        return globalEntry ? global && (entryTag & globalTagMask) == globalTag : (entryTag & tagMask) == tag;
    }

    /** Whether the scope names any of the addresses from {@code from} to {@code to}, unsigned. */
    boolean covers(long from, long to) {
        return Long.compareUnsigned(from, last) <= 0 && Long.compareUnsigned(to, first) >= 0;
    }

    @Override
    public boolean matches(long tag0, long tag1, long value0, long value1) {
        return names(tag1, EntryTag.isGlobal(tag0)) && covers(EntryTag.first(tag0), EntryTag.last(tag0));
    }
}
