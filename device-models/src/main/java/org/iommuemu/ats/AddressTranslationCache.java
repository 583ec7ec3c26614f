// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.pcie.spec.TranslationEntry;

/**
 * A device's address translation cache (ATC): what Translation Completions said, by stream, PASID, privilege and page, in pages of the
 * size that they had (PCIe Base Specification, chapter 10). All times in ps.
 *
 * <pre>
 *   tag0    page number &lt;&lt; 6 | log2 of the page's size               value0   translated address | R W Exe U N
 *   tag1    Global &lt;&lt; 54 | stream &lt;&lt; 22 | (PASID + 1) &lt;&lt; 1 | Priv   value1   until when reads through it are under way
 * </pre>
 */
public final class AddressTranslationCache {
    private static final int SHIFT_BITS = 6;
    private static final int STREAM_BIT = 22;
    private static final long GLOBAL = 1L << 54;
    private static final long ANY_PASID = ~((1L << STREAM_BIT) - 2);
    private static final long OFFSET = 0xFFF;
    private static final int READ = 1;
    private static final int WRITE = 1 << 1;
    private static final int EXECUTE = 1 << 2;
    private static final int UNTRANSLATED = 1 << 3;
    private static final int SNOOPED = 1 << 4;
    private static final int EVERYTHING = 64;

    private final SetAssociativeCache cache;
    /** By entry: when its Translation Completion is there. */
    private final long[] ready;
    /** log2 of the sizes of pages that were ever filled, as bits. */
    private long shifts;
    /** The same, of pages with Global. */
    private long globalShifts;

    /** Whether an Invalidate Request without a PASID means entries with one too. */
    private final boolean reachesPasids;

    private int hitShift;
    private long latestUse;
    /** Until when reads through entries that were evicted are under way, at the latest. */
    private long evictedUntil;

    private long waitFor;

    /** An empty cache, in which an Invalidate Request without a PASID reaches every PASID. */
    public AddressTranslationCache(String name, CacheGeometry geometry) {
        this(name, geometry, true);
    }

    /**
     * An empty cache.
     *
     * @param reachesPasids whether an Invalidate Request without a PASID means entries with one too, as from PCIe 6.0 on
     */
    public AddressTranslationCache(String name, CacheGeometry geometry, boolean reachesPasids) {
        this.reachesPasids = reachesPasids;
        cache = new SetAssociativeCache(name, geometry);
        ready = new long[cache.capacity()];
    }

    /**
     * Looks up a transaction's page, and counts that.
     *
     * @return the entry, if it allows the access; else a negative number
     */
    public int lookup(Transaction t) {
        int entry = find(t);
        cache.countLookup(entry >= 0);
        return entry;
    }

    /** The same, but counts nothing. */
    public int find(Transaction t) {
        int need = need(t);
        long tag1 = tag1(t);
        for (long rest = shifts; rest != 0; rest &= rest - 1) {
            int entry = find(t, Long.numberOfTrailingZeros(rest), tag1, need);
            if (entry >= 0) {
                return entry;
            }
        }
        for (long rest = t.hasSubstream() ? globalShifts : 0; rest != 0; rest &= rest - 1) {
            int entry = find(t, Long.numberOfTrailingZeros(rest), tag1 & ANY_PASID | GLOBAL, need);
            if (entry >= 0) {
                return entry;
            }
        }
        return SetAssociativeCache.MISS;
    }

    private int find(Transaction t, int shift, long tag1, int need) {
        hitShift = shift;
        long page = t.address() >>> shift;
        int entry = cache.find(tag0(page, shift), tag1, page ^ tag1);
        return entry >= 0 && (cache.value0(entry) & need) == need ? entry : SetAssociativeCache.MISS;
    }

    /** Keeps a translation that a completion, there at a time, has given; returns its entry. */
    public int fill(Transaction t, TranslationCompletion c, long at) {
        int entry = fill(t.address(), tag1(t), c.pageShift(), c.address() | flags(c), at);
        shifts |= 1L << c.pageShift();
        return entry;
    }

    /**
     * Keeps a translation.
     *
     * @param t whose request it answers, with an address in the page
     * @param entry see {@link TranslationEntry}
     * @param global whether it holds for every PASID
     * @return the entry; negative if nothing can be kept
     */
    int fill(Transaction t, long entry, boolean global, long at) {
        int shift = TranslationEntry.pageShift(entry);
        long tag1 = global ? tag1(t) & ANY_PASID | GLOBAL : tag1(t);
        if (global) {
            globalShifts |= 1L << shift;
        } else {
            shifts |= 1L << shift;
        }
        return fill(t.address(), tag1, shift, TranslationEntry.address(entry) | flags(entry), at);
    }

    private int fill(long address, long tag1, int shift, long value0, long at) {
        long page = address >>> shift;
        int old = cache.probe(tag0(page, shift), tag1, page ^ tag1);
        // What is under way by an entry that is filled anew is still to be waited for.
        long until = old < 0 ? at : Math.max(at, cache.value1(old));
        int entry = cache.fill(tag0(page, shift), tag1, page ^ tag1, value0, until);
        evictedUntil = cache.evicted() ? latestUse : evictedUntil;
        hitShift = shift;
        if (entry >= 0) {
            ready[entry] = at;
        }
        return entry;
    }

    /** Whether a translation allows an access. */
    static boolean allows(long entry, Transaction t) {
        return (flags(entry) & need(t)) == need(t);
    }

    private static int flags(long entry) {
        return (TranslationEntry.R.isSet(entry) ? READ : 0)
                | (TranslationEntry.W.isSet(entry) ? WRITE : 0)
                | (TranslationEntry.EXE.isSet(entry) ? EXECUTE : 0)
                | (TranslationEntry.U.isSet(entry) ? UNTRANSLATED : 0)
                | (TranslationEntry.N.isSet(entry) ? SNOOPED : 0);
    }

    /** Whether a completion allows an access. */
    public static boolean allows(TranslationCompletion c, Transaction t) {
        return (flags(c) & need(t)) == need(t);
    }

    private static int flags(TranslationCompletion c) {
        return (c.isReadable() ? READ : 0)
                | (c.isWritable() ? WRITE : 0)
                | (c.isExecutable() ? EXECUTE : 0)
                | (c.isUntranslatedOnly() ? UNTRANSLATED : 0)
                | (c.isSnooped() ? SNOOPED : 0);
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

    /** N: whether requests must not ask for not being snooped. */
    public boolean isSnooped(int entry) {
        return (cache.value0(entry) & SNOOPED) != 0;
    }

    /** The entry that was found or filled last as it is in a Translation Completion, see {@link TranslationEntry}. */
    long entry(int entry) {
        long value = cache.value0(entry);
        return TranslationEntry.encode(value & ~OFFSET, hitShift)
                | ((value & READ) != 0 ? TranslationEntry.R.mask() : 0)
                | ((value & WRITE) != 0 ? TranslationEntry.W.mask() : 0)
                | ((value & EXECUTE) != 0 ? TranslationEntry.EXE.mask() : 0)
                | ((value & UNTRANSLATED) != 0 ? TranslationEntry.U.mask() : 0)
                | ((value & SNOOPED) != 0 ? TranslationEntry.N.mask() : 0)
                | ((cache.tag1(entry) & GLOBAL) != 0 ? TranslationEntry.GLOBAL.mask() : 0);
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

    private boolean matches(AtcInvalidation request, long tag0, long tag1) {
        int stream = (int) (tag1 >>> STREAM_BIT);
        int pasid = (int) (tag1 >>> 1 & (1 << STREAM_BIT - 1) - 1) - 1;
        return stream == request.streamId()
                && meansPasid(request, pasid, (tag1 & GLOBAL) != 0)
                && overlaps(request, tag0);
    }

    /** Whether a request means entries of a PASID or of none; those with Global belong to every PASID (§10.3.1). */
    boolean meansPasid(AtcInvalidation request, int pasid, boolean global) {
        boolean has = global || pasid != Transaction.NO_SUBSTREAM;
        if (request.substreamId() == Transaction.NO_SUBSTREAM) {
            return !has || reachesPasids;
        }
        return request.global() ? has : !global && pasid == request.substreamId();
    }

    /** Drops what one PASID alone has asked for: it is used no more. */
    void dropPasid(int pasid) {
        cache.invalidateIf((tag0, tag1, value0, value1) ->
                (tag1 & GLOBAL) == 0 && (int) (tag1 >>> 1 & (1 << STREAM_BIT - 1) - 1) - 1 == pasid);
    }

    /** Drops everything: ATS was enabled, or the function reset. */
    void clear() {
        cache.invalidateAll();
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
