// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import org.jspecify.annotations.Nullable;

/** One thing that is to go wrong. All times in ps. */
public sealed interface FaultRule
        permits TlpRule, MemoryRule, FlipRule, QueueFullRule, InterruptRule, FunctionRule, RogueRule, PasidRule {
    /** Its name in results. */
    String name();

    /**
     * Refuses a rule.
     *
     * @throws IllegalArgumentException if {@code good} does not hold
     */
    static void check(boolean good, String rule, String field, @Nullable Object value, String expected) {
        if (!good) {
            throw new IllegalArgumentException(
                    "rule " + rule + ": " + field + " is " + value + "; expected " + expected);
        }
    }

    /** Refuses an empty name. */
    static void checkName(String name) {
        if (name.isBlank()) {
            throw new IllegalArgumentException("a rule has no name; expected one");
        }
    }

    /** Refuses what is no requester id. */
    static void checkRequester(String rule, int requester) {
        check(requester >= 0 && requester <= 0xFFFF, rule, "requester", requester, "a requester id of 16 bits");
    }

    /** Refuses a time before the start. */
    static void checkTime(String rule, String field, long time) {
        check(time >= 0, rule, field, time, "a time of at least 0 ps");
    }
}
