// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What is to go wrong in a run.
 *
 * @param seed of all that is random
 * @param rules each with a name of its own; of the {@link TlpRule}s that would act on one TLP, the first does
 */
public record FaultPlan(long seed, List<FaultRule> rules) {
    /**
     * Checks it.
     *
     * @throws IllegalArgumentException naming two rules of one name
     */
    public FaultPlan {
        rules = List.copyOf(rules);
        Set<String> names = new HashSet<>();
        for (FaultRule rule : rules) {
            if (!names.add(rule.name())) {
                throw new IllegalArgumentException(
                        "rule " + rule.name() + ": there are two; expected one of each name");
            }
        }
    }

    /** A plan without rules yet. */
    public static Builder seeded(long seed) {
        return new Builder(seed);
    }

    /** Collects rules. */
    public static final class Builder {
        private final long seed;
        private final List<FaultRule> rules = new ArrayList<>();

        private Builder(long seed) {
            this.seed = seed;
        }

        /** Adds a rule. */
        public Builder rule(FaultRule rule) {
            rules.add(rule);
            return this;
        }

        /** The plan. */
        public FaultPlan build() {
            return new FaultPlan(seed, rules);
        }
    }
}
