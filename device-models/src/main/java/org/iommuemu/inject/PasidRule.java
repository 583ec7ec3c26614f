// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

/**
 * Software takes a PASID away from a function, whatever is under way; how is up to {@link FaultInjector#onPasidFreed}.
 *
 * @param at when, in ps
 */
public record PasidRule(String name, int requester, int pasid, long at) implements FaultRule {
    /**
     * Checks it.
     *
     * @throws IllegalArgumentException naming rule, field, value and what is legal
     */
    public PasidRule {
        FaultRule.checkName(name);
        FaultRule.checkRequester(name, requester);
        FaultRule.check(pasid >= 0 && pasid < 1 << 20, name, "pasid", pasid, "20 bits");
        FaultRule.checkTime(name, "at", at);
    }
}
