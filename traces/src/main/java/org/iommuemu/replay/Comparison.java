// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.jspecify.annotations.Nullable;

/**
 * How an answer compares with the recorded one.
 *
 * @param rule the rule by which alone it agrees, or null
 * @param difference how it differs; empty if it agrees
 */
record Comparison(@Nullable AgreementRule rule, String difference) {
    /** Equal. */
    static final Comparison SAME = new Comparison(null, "");

    /** Agrees by a rule. */
    static Comparison by(AgreementRule rule) {
        return new Comparison(rule, "");
    }

    /** Does not agree. */
    static Comparison differs(String difference) {
        return new Comparison(null, difference);
    }

    boolean agrees() {
        return difference.isEmpty();
    }
}
