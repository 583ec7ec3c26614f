// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

/**
 * Something happens to a function.
 *
 * @param at when, in ps
 */
public record FunctionRule(String name, int requester, Event event, long at) implements FaultRule {
    /** What happens. */
    public enum Event {
        /** It is pulled out: its link is down, and what is under way is lost. */
        REMOVED,
        /** Function-level reset, whatever is under way. */
        RESET
    }

    /**
     * Checks it.
     *
     * @throws IllegalArgumentException naming rule, field, value and what is legal
     */
    public FunctionRule {
        FaultRule.checkName(name);
        FaultRule.checkRequester(name, requester);
        FaultRule.checkTime(name, "at", at);
    }
}
