// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;

/**
 * A device's address translation cache (ATC): what Translation Completions said, by stream, PASID, privilege and page, in pages of the
 * size that they had (PCIe Base Specification, chapter 10). All times in ps.
 *
 * <pre>
 *   tag0    page number &lt;&lt; 6 | log2 of the page's size       value0   translated address | R W Exe U
 *   tag1    stream &lt;&lt; 22 | (PASID + 1) &lt;&lt; 1 | Priv           value1   until when reads through it are under way
 * </pre>
 */
public final class AddressTranslationCache {
    private static final int SHIFT_BITS = 6;
    private static final int STREAM_BIT = 22;
    private static final long OFFSET = 0xFFF;
    private static final int READ = 1;
    private static final int WRITE = 1 << 1;
    private static final int EXECUTE = 1 << 2;
    private static final int UNTRANSLATED = 1 << 3;
    private static final int EVERYTHING = 64;

    private final SetAssociativeCache cache;
    /** By entry: when its Translation Completion is there. */
    private final long[] ready;
    /** log2 of the sizes of pages that were ever filled, as bits. */
    private long shifts;

    private int hitShift;
    private long latestUse;
    /** Until when reads through entries that were evicted are under way, at the latest. */
    private long evictedUntil;

    private long waitFor;

    /** An empty cache. */
    public AddressTranslationCache(String name, CacheGeometry geometry) {
        cache = new SetAssociativeCache(name, geometry);
        ready = new long[cache.capacity()];
    }

    /**
     * Looks up a transaction's page, and counts that.
     *
     * @return the entry, if it allows the access; else a negative number
     */
    public int lookup(Transaction t) {
        long tag1 = tag1(t);
        int entry = SetAssociativeCache.MISS;
        for (long rest = shifts; rest != 0 && entry < 0; rest &= rest - 1) {
            hitShift = Long.numberOfTrailingZeros(rest);
            long page = t.address() >>> hitShift;
            entry = cache.find(tag0(page, hitShift), tag1, page ^ tag1);
        }
        int need = need(t);
        boolean hit = entry >= 0 && (cache.value0(entry) & need) == need;
        cache.countLookup(hit);
        return hit ? entry : SetAssociativeCache.MISS;
    }

    /** Keeps a translation that a completion, there at a time, has given; returns its entry. */
    public int fill(Transaction t, TranslationCompletion c, long at) {
        long tag1 = tag1(t);
        int shift = c.pageShift();
        long page = t.address() >>> shift;
        int old = cache.probe(tag0(page, shift), tag1, page ^ tag1);
        // What is under way by an entry that is filled anew is still to be waited for.
        long until = old < 0 ? at : Math.max(at, cache.value1(old));
        int entry = cache.fill(tag0(page, shift), tag1, page ^ tag1, c.address() | flags(c), until);
        evictedUntil = cache.evicted() ? latestUse : evictedUntil;
        shifts |= 1L << shift;
        hitShift = shift;
        ready[entry] = at;
        return entry;
    }

    /** Whether a completion allows an access. */
    public static boolean allows(TranslationCompletion c, Transaction t) {
        return (flags(c) & need(t)) == need(t);
    }

    private static int flags(TranslationCompletion c) {
        return (c.isReadable() ? READ : 0)
                | (c.isWritable() ? WRITE : 0)
                | (c.isExecutable() ? EXECUTE : 0)
                | (c.isUntranslatedOnly() ? UNTRANSLATED : 0);
    }

    /** Without a PASID nobody can ask for execute permission. */
    private static int need(Transaction t) {
        if ((t.access() & Access.ATOMIC) != 0) {
            return READ | WRITE;
        }
        return Access.isWrite(t.access())
                ? WRITE
                : t.hasSubstream() && Access.isInstruction(t.access()) ? READ | EXECUTE : READ;
    }

    private static long tag0(long page, int shift) {
        return page << SHIFT_BITS | shift;
    }

    private static long tag1(Transaction t) {
        boolean privileged = t.hasSubstream() && Access.isPrivileged(t.access());
        return (t.streamId() & 0xFFFF_FFFFL) << STREAM_BIT | (t.substreamId() + 1L) << 1 | (privileged ? 1 : 0);
    }

    /** When the translation of an entry is there. */
    public long ready(int entry) {
        return ready[entry];
    }

    /** Where the entry that was found or filled last puts an address. */
    public long output(int entry, long address) {
        long offset = (1L << hitShift) - 1;
        return cache.value0(entry) & ~OFFSET & ~offset | address & offset;
    }

    /** U: whether requests must be sent untranslated all the same. */
    public boolean isUntranslatedOnly(int entry) {
        return (cache.value0(entry) & UNTRANSLATED) != 0;
    }

    /** A read through an entry, which was found or filled last, has its data at a time. */
    public void used(int entry, long until) {
        latestUse = Math.max(latestUse, until);
        cache.setValues(entry, cache.value0(entry), Math.max(cache.value1(entry), until));
    }

    /**
     * Drops what an Invalidate Request means.
     *
     * @return when the last use of it is over: reads through it, and Translation Completions that are still to come
     */
    public long invalidate(AtcInvalidation request) {
        waitFor = evictedUntil;
        cache.invalidateIf((tag0, tag1, value0, value1) -> {
            boolean meant = matches(request, tag0, tag1);
            waitFor = meant ? Math.max(waitFor, value1) : waitFor;
            return meant;
        });
        return waitFor;
    }

    private static boolean matches(AtcInvalidation request, long tag0, long tag1) {
        int stream = (int) (tag1 >>> STREAM_BIT);
        int pasid = (int) (tag1 >>> 1 & (1 << STREAM_BIT - 1) - 1) - 1;
        boolean any = request.substreamId() == Transaction.NO_SUBSTREAM || request.global();
        return stream == request.streamId() && (any || pasid == request.substreamId()) && overlaps(request, tag0);
    }

    private static boolean overlaps(AtcInvalidation request, long tag0) {
        int shift = (int) tag0 & (1 << SHIFT_BITS) - 1;
        int larger = Math.max(shift, request.log2Bytes());
        return larger >= EVERYTHING || tag0 >>> SHIFT_BITS << shift >>> larger == request.address() >>> larger;
    }

    /** Entries, and how they were found. */
    public SetAssociativeCache cache() {
        return cache;
    }
}
