// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

/** What a performance counter can count, as far as this model has it (VT-d architecture chapter 10). */
public enum PerfmonEvent {
    /** Clocks; whoever keeps the time tells. */
    CLOCKS(0, 0, 0),
    /** Requests for translation: untranslated, translated, Translation Requests. */
    REQUESTS(0, 1, Filter.ALL),
    /** Reads of tables and structures in memory. */
    MEMORY_READS(1, 0, Filter.ALL),
    /** Atomic updates of accessed and dirty bits. */
    UPDATES(1, 3, Filter.ALL),
    /** Page requests put into the queue. */
    PAGE_REQUESTS(1, 6, Filter.REQUESTER | Filter.DOMAIN),
    /** Page requests that found no room. */
    PAGE_REQUEST_OVERFLOWS(1, 7, Filter.REQUESTER | Filter.DOMAIN),
    /** Context cache, lookups. */
    CONTEXT_LOOKUPS(2, 0, Filter.ALL),
    /** Context cache, hits. */
    CONTEXT_HITS(2, 1, Filter.ALL),
    /** PASID cache, lookups. */
    PASID_LOOKUPS(2, 2, Filter.ALL),
    /** PASID cache, hits. */
    PASID_HITS(2, 3, Filter.ALL),
    /** Paging-structure caches of the second stage, lookups. */
    SECOND_STAGE_LOOKUPS(2, 4, Filter.ALL),
    /** Paging-structure caches of the second stage, hits. */
    SECOND_STAGE_HITS(2, 5, Filter.ALL),
    /** Paging-structure caches of the first stage, lookups. */
    FIRST_STAGE_LOOKUPS(2, 6, Filter.ALL),
    /** Paging-structure caches of the first stage, hits. */
    FIRST_STAGE_HITS(2, 7, Filter.ALL),
    /** IOTLB, lookups. */
    IOTLB_LOOKUPS(3, 0, Filter.ALL),
    /** IOTLB, hits. */
    IOTLB_HITS(3, 1, Filter.ALL),
    /** Interrupt entry cache, lookups. */
    INTERRUPT_LOOKUPS(4, 0, Filter.REQUESTER),
    /** Interrupt entry cache, hits of remapped entries. */
    REMAPPED_HITS(4, 1, Filter.REQUESTER),
    /** Interrupt entry cache, hits of posted entries. */
    POSTED_HITS(4, 2, Filter.REQUESTER);

    /** Filters, as bits: as PERFCAP shows them from bit 32 up. */
    public static final class Filter {
        /** By requester id. */
        public static final int REQUESTER = 1;
        /** By domain id. */
        public static final int DOMAIN = 1 << 1;
        /** By address type. */
        public static final int ADDRESS_TYPE = 1 << 3;
        /** All that are there. */
        public static final int ALL = REQUESTER | DOMAIN | ADDRESS_TYPE;

        private Filter() {}
    }

    /** How many groups there are. */
    public static final int GROUPS = 5;

    private static final PerfmonEvent[] ALL = values();

    private final int group;
    private final int bit;
    private final int filters;

    PerfmonEvent(int group, int bit, int filters) {
        this.group = group;
        this.bit = bit;
        this.filters = filters;
    }

    /** The {@link Filter}s that can be used with it. */
    public int filters() {
        return filters;
    }

    /** The events of a group, as PERFEVNTCAP and PERFCNTRCFG.ES have them. */
    public static long inGroup(int group) {
        long bits = 0;
        for (PerfmonEvent e : ALL) {
            bits |= e.group == group ? 1L << e.bit : 0;
        }
        return bits;
    }

    /** The ordinals of the events that a group and its event bits select, as bits. */
    public static long selected(int group, long events) {
        long ordinals = 0;
        for (PerfmonEvent e : ALL) {
            ordinals |= e.group == group && (events >>> e.bit & 1) != 0 ? 1L << e.ordinal() : 0;
        }
        return ordinals;
    }

    /** The event of an ordinal. */
    public static PerfmonEvent of(int ordinal) {
        return ALL[ordinal];
    }
}
