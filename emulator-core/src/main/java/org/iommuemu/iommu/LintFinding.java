// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/**
 * A rule that software broke at one place.
 *
 * @param rule the rule
 * @param place register, command, or structure with its stream and address
 * @param seen the value seen when it was first broken there
 * @param count how often it was broken there
 */
public record LintFinding(LintRule rule, String place, long seen, long count) {
    /** One line for people: {@code ID  place: text (seen 0x…, section) xN}. */
    public String text() {
        return rule.id() + "  " + place + ": " + rule.text() + " (seen 0x" + Long.toHexString(seen) + ", "
                + rule.section() + ") x" + count;
    }
}
