// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.EnumSet;
import java.util.Set;

/**
 * How an answer compares with the recorded one.
 *
 * @param rules the rules without which it would not agree
 * @param difference how it differs; empty if it agrees
 */
record Comparison(Set<AgreementRule> rules, String difference) {
    /** Equal. */
    static final Comparison SAME = new Comparison(Set.of(), "");

    /** Agrees by a rule. */
    static Comparison by(AgreementRule rule) {
        return new Comparison(Set.of(rule), "");
    }

    /** Does not agree. */
    static Comparison differs(String difference) {
        return new Comparison(Set.of(), difference);
    }

    boolean agrees() {
        return difference.isEmpty();
    }

    /** Of two parts of one answer: the difference of the first that has one, else the rules of both. */
    Comparison and(Comparison other) {
        if (!agrees() || !other.agrees()) {
            return agrees() ? other : this;
        }
        Set<AgreementRule> both = EnumSet.noneOf(AgreementRule.class);
        both.addAll(rules);
        both.addAll(other.rules);
        return new Comparison(both, "");
    }
}
