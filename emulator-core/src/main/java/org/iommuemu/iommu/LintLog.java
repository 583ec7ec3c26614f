// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Collects lint findings: each rule and place once, with a count, in the order of their first occurrence; bounded. */
public final class LintLog {
    /** Findings that a log keeps if not told otherwise. */
    public static final int MOST_FINDINGS = 1000;

    private final int most;
    private final Map<Key, Entry> entries = new LinkedHashMap<>();
    private long dropped;

    /** A log of at most {@link #MOST_FINDINGS} findings. */
    public LintLog() {
        this(MOST_FINDINGS);
    }

    /**
     * A log.
     *
     * @param most findings kept; occurrences of further ones are only counted
     */
    public LintLog(int most) {
        this.most = most;
    }

    /** Notes that a rule was broken at a place. */
    public void add(LintRule rule, String place, long seen) {
        add(new LintFinding(rule, place, seen, 1));
    }

    /** Notes a finding; its count is added if the rule and place are known. */
    public void add(LintFinding f) {
        Key key = new Key(f.rule(), f.place());
        Entry known = entries.get(key);
        if (known != null) {
            known.count += f.count();
        } else if (entries.size() < most) {
            entries.put(key, new Entry(f.seen(), f.count()));
        } else {
            dropped += f.count();
        }
    }

    /** Every finding, in the order of first occurrence. */
    public List<LintFinding> findings() {
        List<LintFinding> all = new ArrayList<>(entries.size());
        entries.forEach((k, e) -> all.add(new LintFinding(k.rule, k.place, e.seen, e.count)));
        return all;
    }

    /** Occurrences that were not kept because the log was full. */
    public long dropped() {
        return dropped;
    }

    private record Key(LintRule rule, String place) {}

    /** What is known of one rule at one place. */
    private static final class Entry {
        private final long seen;
        private long count;

        private Entry(long seen, long count) {
            this.seen = seen;
            this.count = count;
        }
    }
}
