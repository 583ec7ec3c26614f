// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.Arrays;
import org.iommuemu.cache.EntryListener;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.paging.EntryTag;
import org.iommuemu.paging.TableRoot;

/**
 * What transactions that hit both the configuration cache and the IOTLB came to, by stream, substream and page, so that the next
 * one of the kind is answered by one comparison. It is no cache of the machine: a transaction answered here counts, and is a use of
 * the entries of both caches, as if it had looked them up, and one that would not find these entries is not answered here.
 *
 * <p>A direct-mapped table of four words a slot:
 *
 * <pre>
 *   0  63 .. 12 page of the input address       11 .. 0  generation
 *   1  StreamID, SubstreamID
 *   2  51 .. 12 output address of the page      11 .. 0  entry of the configuration cache
 *   3  63 .. 32 entry of the IOTLB   31 .. 16 attributes   15 .. 0  a bit for each {@link Access} code that is allowed
 * </pre>
 *
 * <p>Only entries of the smallest page size that is live are remembered, so that no other lookup comes before theirs, and only
 * those of one address space. An IOTLB entry is remembered in one slot at a time, which is forgotten when the entry changes. A
 * change of an entry of the configuration cache, or of what the smallest size is, forgets everything, by a new generation.
 *
 * <p>Footprint in bytes: 36 to 68 for each entry of the IOTLB.
 */
final class RecentTranslations implements EntryListener {
    private static final int WORDS_SHIFT = 2;
    private static final int SOURCE = 1;
    private static final int OUTPUT = 2;
    private static final int ENTRY = 3;
    private static final long LOW = 0xFFF;
    private static final int ATTRIBUTES_SHIFT = 16;
    private static final long ATTRIBUTES = 0xFFFF;
    private static final int ENTRY_SHIFT = 32;
    private static final int MOST_SLOTS = 1 << 17;
    private static final int NEVER = 63;

    private final ConfigurationCache configurations;
    private final Iotlb iotlb;
    private final SetAssociativeCache translations;
    private final long[] words;
    private final int mask;
    /** For each entry of the IOTLB the slot that may remember it. */
    private final int[] slots;

    private long answered;
    private long generation = 1;
    private int shift = NEVER;
    private long pageMask = -1L << NEVER;
    /** Whether something has been remembered in this generation. */
    private boolean used;

    RecentTranslations(ConfigurationCache configurations, Iotlb iotlb) {
        this.configurations = configurations;
        this.iotlb = iotlb;
        translations = iotlb.cache();
        int entries = Math.min(MOST_SLOTS / 2, translations.capacity());
        mask = entries == 0 ? 0 : (Integer.highestOneBit(entries) << 1) - 1;
        words = new long[mask + 1 << WORDS_SHIFT];
        slots = new int[translations.capacity()];
        translations.listen(this);
        configurations.cache().listen(new EntryListener() {
            @Override
            public void changed(int entry) {
                RecentTranslations.this.cleared();
            }

            @Override
            public void cleared() {
                RecentTranslations.this.cleared();
            }
        });
    }

    /** Answers a transaction if the like of it is remembered. */
    boolean answer(Transaction t, Verdict v) {
        long address = t.address();
        long source = t.source();
        int at = place(address, source);
        long page = address & pageMask;
        long allowed = words[at + ENTRY];
        if (words[at] != (page | generation) || words[at + SOURCE] != source || (allowed >>> t.access() & 1) == 0) {
            return false;
        }
        long output = words[at + OUTPUT];
        answered++;
        configurations.use((int) (output & LOW));
        iotlb.use((int) (allowed >>> ENTRY_SHIFT));
        v.ok(output & ~LOW | address ^ page, shift, allowed >>> ATTRIBUTES_SHIFT & ATTRIBUTES);
        return true;
    }

    /** Transactions answered here so far. */
    long answered() {
        return answered;
    }

    /** Where a page's slot starts. */
    private int place(long address, long source) {
        return ((int) (address >>> shift ^ TableRoot.mix(source)) & mask) << WORDS_SHIFT;
    }

    /** Remembers a transaction that has just hit both caches and may go on. */
    void remember(Transaction t, TranslationContext context, Verdict v) {
        int entry = iotlb.lastEntry();
        int configuration = configurations.lastEntry();
        long tag = translations.tag0(entry);
        adjust();
        if (EntryTag.shift(tag) != shift
                || EntryTag.isGlobal(tag)
                || configuration > LOW
                || v.attributes() >>> 16 != 0) {
            return;
        }
        int at = place(t.address(), t.source());
        changed(entry);
        used = true;
        slots[entry] = at;
        words[at] = t.address() & pageMask | generation;
        words[at + SOURCE] = t.source();
        words[at + OUTPUT] = v.address() & pageMask | configuration;
        words[at + ENTRY] = (long) entry << ENTRY_SHIFT
                | v.attributes() << ATTRIBUTES_SHIFT
                | allowed(context, iotlb.permissions(entry));
    }

    private static long allowed(TranslationContext context, int permissions) {
        long codes = 0;
        for (int code = 0; code < Access.CODES; code++) {
            codes |= (permissions & context.need(code)) == context.need(code) ? 1L << code : 0;
        }
        return codes;
    }

    /** Takes note of a smallest size that has changed, as a fill may bring a smaller one. */
    void adjust() {
        if (iotlb.smallestShift() != shift) {
            cleared();
            shift = iotlb.smallestShift();
            pageMask = -1L << shift;
        }
    }

    @Override
    public void changed(int entry) {
        int at = slots[entry];
        if (used && words[at + ENTRY] >>> ENTRY_SHIFT == entry) {
            words[at] = 0;
        }
    }

    @Override
    public void cleared() {
        if (!used) {
            return;
        }
        used = false;
        generation = generation + 1 & LOW;
        if (generation == 0) {
            Arrays.fill(words, 0);
            generation = 1;
        }
    }
}
