// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.capture.OneLine;

/** Counts comparisons: how many agree, how many of those by a rule, and what the first differences were. */
public final class Agreement {
    /** Differences kept in full; the others are only counted. */
    private static final int MOST_DIFFERENCES = 20;

    private final Map<AgreementRule, Integer> byRule = new EnumMap<>(AgreementRule.class);
    private final List<String> differences = new ArrayList<>();
    private long compared;
    private long agreed;

    /** Notes a comparison that agrees. */
    public void agree() {
        compared++;
        agreed++;
    }

    /** Notes so many comparisons that agree. */
    void agree(long times) {
        compared += times;
        agreed += times;
    }

    /** Notes a comparison that agrees by a rule. */
    public void agree(AgreementRule rule) {
        agree();
        byRule.merge(rule, 1, Integer::sum);
    }

    /** Notes a comparison that does not agree. */
    public void differ(String difference) {
        compared++;
        if (differences.size() < MOST_DIFFERENCES) {
            differences.add(OneLine.of(difference));
        }
    }

    /** Notes a comparison; its difference is headed by where it was found. */
    void note(String where, Comparison comparison) {
        if (comparison.agrees()) {
            agree();
            comparison.rules().forEach(rule -> byRule.merge(rule, 1, Integer::sum));
        } else {
            differ(where + comparison.difference());
        }
    }

    /** Notes a comparison. */
    public void compare(boolean equal, String what, long expected, long found) {
        if (equal) {
            agree();
        } else {
            differ(what + ": expected 0x" + Long.toHexString(expected) + ", found 0x" + Long.toHexString(found));
        }
    }

    /** Adds another count to this one. */
    public void add(Agreement other) {
        compared += other.compared;
        agreed += other.agreed;
        other.byRule.forEach((rule, n) -> byRule.merge(rule, n, Integer::sum));
        for (String d : other.differences) {
            if (differences.size() < MOST_DIFFERENCES) {
                differences.add(d);
            }
        }
    }

    /** Comparisons made. */
    public long compared() {
        return compared;
    }

    /** Comparisons that agree. */
    public long agreed() {
        return agreed;
    }

    /** Whether all agree. */
    public boolean isComplete() {
        return agreed == compared;
    }

    /** How many agree by each rule. */
    public Map<AgreementRule, Integer> byRule() {
        return Map.copyOf(byRule);
    }

    /** The first differences, a line each. */
    public List<String> differences() {
        return List.copyOf(differences);
    }

    /** {@code N of M}. */
    @Override
    public String toString() {
        return agreed + " of " + compared;
    }
}
