// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

/**
 * A queue that software reads is full for a time, as if software had stopped reading. Its read index is moved, and moved back unless
 * software has written it meanwhile.
 *
 * @param from in ps
 * @param until in ps
 */
public record QueueFullRule(String name, Queue queue, long from, long until) implements FaultRule {
    /** Which queue. */
    public enum Queue {
        /** Event queue; VT-d has none. */
        EVENT,
        /** PRI queue, or page request queue. */
        PAGE_REQUEST
    }

    /**
     * Checks it.
     *
     * @throws IllegalArgumentException naming rule, field, value and what is legal
     */
    public QueueFullRule {
        FaultRule.checkName(name);
        FaultRule.checkTime(name, "from", from);
        FaultRule.check(until > from, name, "until", until, "a time after from");
    }
}
