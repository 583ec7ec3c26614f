// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * How a full set chooses the way to evict. Every policy is exact, and fills an invalid way (the lowest-numbered one)
 * before it evicts; see {@link SetAssociativeCache} for the rules common to all.
 */
public enum ReplacementPolicy {
    /** The way whose last fill or hit is the oldest. */
    LRU("lru"),
    /**
     * Binary tree of direction bits: a fill or hit turns every node on its path away from the way used; the victim is
     * found by following the bits. With a number of ways that is no power of two the walk turns left where the right
     * half holds no way.
     */
    TREE_PLRU("tree-plru"),
    /**
     * A pointer per set: it names the victim and moves on by one way per eviction; fills of invalid ways leave it
     * alone.
     */
    ROUND_ROBIN("round-robin"),
    /** A uniformly chosen way, from a SplitMix64 generator seeded with {@link CacheGeometry#seed()}. */
    RANDOM("random"),
    /** The way filled the longest ago; hits, and fills that overwrite an entry in place, change nothing. */
    FIFO("fifo"),
    /**
     * Static re-reference interval prediction with 2-bit values and hit priority (Jaleel et al., "High Performance
     * Cache Replacement Using Re-Reference Interval Prediction (RRIP)", ISCA 2010): fill 2, hit 0, victim the first way
     * with 3, all ways ageing by one until there is one.
     */
    SRRIP("srrip"),
    /**
     * Least frequently used with ageing: a count of 4 bits per way, 0 at the fill and one more with each hit; when one gets to
     * 15, all counts of its set are halved. The victim is the first way of the least count. HyperSIO counts so (ISCA 2020;
     * {@code row.tcc}), but draws among the least.
     */
    LFU("lfu"),
    /**
     * Belady's MIN ("A study of replacement algorithms for a virtual-storage computer", IBM Systems Journal 5(2), 1966): the way
     * whose next use is the farthest away, one that is never used again before all others, of these the first. The bound of
     * every policy that fills on a miss; no hardware has it, as it takes the uses of an earlier run: {@link UseLog}.
     */
    ORACLE("oracle");

    private final String label;

    ReplacementPolicy(final String label) {
        this.label = label;
    }

    /**
     * The policy of a configuration name.
     *
     * @param text a {@link #label()}, in any letter case
     * @return the policy
     * @throws IllegalArgumentException listing the legal names, when {@code text} is none of them
     */
    public static ReplacementPolicy parse(final String text) {
        final String wanted = String.valueOf(text).toLowerCase(Locale.ROOT);
        for (final ReplacementPolicy policy : values()) {
            if (policy.label.equals(wanted)) {
                return policy;
            }
        }
        throw new IllegalArgumentException("policy: '" + text + "' is not one of " + labels());
    }

    /** The name used in configurations and reports, for example {@code tree-plru}. */
    public String label() {
        return label;
    }

    /** The names of all policies, as people list them. */
    public static String labels() {
        return labels(Arrays.asList(values()));
    }

    /** The names of {@link #online()}. */
    public static String onlineLabels() {
        return labels(online());
    }

    private static String labels(final List<ReplacementPolicy> policies) {
        return policies.stream().map(ReplacementPolicy::label).collect(Collectors.joining(", "));
    }

    /** The policies that know only the past: all but {@link #ORACLE}. */
    public static List<ReplacementPolicy> online() {
        return Arrays.stream(values()).filter(policy -> policy != ORACLE).toList();
    }
}
