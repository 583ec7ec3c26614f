// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import java.util.Locale;

/** What becomes of a TLP. All times in ps. */
public sealed interface TlpAction {
    /** It is lost. */
    record Drop() implements TlpAction {}

    /** It comes later; others pass it. */
    record Delay(long time) implements TlpAction {}

    /** It comes, and comes again later. */
    record Duplicate(long after) implements TlpAction {}

    /**
     * It comes behind those that follow it.
     *
     * @param later how many of its link and direction it lets pass
     * @param patience after which it comes even if there were fewer
     */
    record Reorder(int later, long patience) implements TlpAction {}

    /**
     * Bits of a field flip.
     *
     * @param word which 8 bytes, for {@link TlpField#PAYLOAD} and {@link TlpField#TRANSLATION}; else 0
     * @param bits which bits of these or of the field, from the lowest
     * @param random how many further bits, drawn from the field's (the payload's: from all of it)
     */
    record Corrupt(TlpField field, int word, long bits, int random) implements TlpAction {}

    /** A rule's action must be possible. */
    static void check(String rule, TlpAction action) {
        if (action instanceof Delay d) {
            FaultRule.check(d.time > 0, rule, "time", d.time, "more than 0 ps");
        } else if (action instanceof Duplicate d) {
            FaultRule.checkTime(rule, "time", d.after);
        } else if (action instanceof Reorder r) {
            FaultRule.check(r.later > 0, rule, "later", r.later, "a number from 1");
            FaultRule.check(r.patience > 0, rule, "patience", r.patience, "more than 0 ps");
        } else if (action instanceof Corrupt c) {
            FaultRule.check(c.bits != 0 || c.random > 0, rule, "bits", c.bits, "bits to flip, or random ones");
            FaultRule.check(c.random >= 0, rule, "random_bits", c.random, "a number from 0");
            FaultRule.check(c.word >= 0, rule, "word", c.word, "a number from 0");
            FaultRule.check(
                    c.field.width() == Long.SIZE || c.bits >>> c.field.width() == 0,
                    rule,
                    "bits",
                    "0x" + Long.toHexString(c.bits),
                    "bits of " + c.field.name().toLowerCase(Locale.ROOT) + ", which has " + c.field.width());
        }
    }
}
