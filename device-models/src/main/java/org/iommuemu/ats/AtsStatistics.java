// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import java.util.EnumMap;
import java.util.Map;

/** What a function's ATS and PRI have done so far. */
public final class AtsStatistics {
    /** What is counted. */
    public enum Counter {
        /** Pages looked up in the ATC. */
        LOOKUPS,
        /** Lookups that found a translation which allows the access. */
        HITS,
        /** Translation Requests sent. */
        REQUESTS,
        /** Misses that waited for a Translation Request which was outstanding. */
        MERGED,
        /** Translations that were kept. */
        FILLS,
        /** Translation Completions that were discarded, as an Invalidate Request or a new enable had come meanwhile. */
        DISCARDED,
        /** Translation Completions: Unsupported Request, or of pages smaller than the STU. */
        UNSUPPORTED,
        /** Translation Completions: Completer Abort. */
        ABORTED,
        /** Translation Completions against the rules. */
        MALFORMED,
        /** Translation Requests without an answer. */
        UNANSWERED,
        /** Invalidate Requests. */
        INVALIDATIONS,
        /** Entries that they dropped. */
        DROPPED,
        /** Invalidate Requests that had to wait for reads. */
        INVALIDATIONS_HELD,
        /** Invalidate Completion messages sent. */
        INVALIDATE_COMPLETIONS,
        /** Most Invalidate Requests that were there at once, unanswered. */
        MOST_INVALIDATIONS,
        /** Page Requests sent, but for Stop Markers. */
        PAGE_REQUESTS,
        /** Groups of them. */
        GROUPS,
        /** Pages missing for which a group was outstanding. */
        PAGES_MERGED,
        /** Groups that had to wait for credits. */
        GROUPS_HELD,
        /** Most Page Requests outstanding. */
        MOST_PAGE_REQUESTS,
        /** PRG Responses: Success. */
        RESPONSES_SUCCESS,
        /** PRG Responses: Invalid Request. */
        RESPONSES_INVALID,
        /** PRG Responses: Response Failure. */
        RESPONSES_FAILURE,
        /** PRG Responses for a group that is not outstanding. */
        RESPONSES_UNEXPECTED,
        /** Groups without a response. */
        RESPONSES_MISSING,
        /** Pages requested anew, as a response was not followed by a translation. */
        RETRIES,
        /** Stop Markers sent. */
        STOP_MARKERS,
        /** Untranslated requests of pages in spite of ATS: U, or after Unsupported Request. */
        UNTRANSLATED
    }

    private final long[] counts = new long[Counter.values().length];

    /** One of them. */
    public long get(Counter c) {
        return counts[c.ordinal()];
    }

    void count(Counter c) {
        counts[c.ordinal()]++;
    }

    void add(Counter c, long n) {
        counts[c.ordinal()] += n;
    }

    void most(Counter c, long n) {
        counts[c.ordinal()] = Math.max(counts[c.ordinal()], n);
    }

    /** All that are not 0. */
    public Map<Counter, Long> all() {
        Map<Counter, Long> all = new EnumMap<>(Counter.class);
        for (Counter c : Counter.values()) {
            if (get(c) != 0) {
                all.put(c, get(c));
            }
        }
        return all;
    }
}
