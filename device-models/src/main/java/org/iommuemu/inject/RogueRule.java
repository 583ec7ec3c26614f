// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

/**
 * A function sends a request with AT=10 for an address that no Translation Request gave it, past its ATC and its enables.
 *
 * @param address physical, not over the end of a 4 KiB page
 * @param bytes how many, 1 to 4096
 * @param write whether it writes, ones; else it reads
 * @param at when, in ps
 */
public record RogueRule(String name, int requester, long address, int bytes, boolean write, long at)
        implements FaultRule {
    /**
     * Checks it.
     *
     * @throws IllegalArgumentException naming rule, field, value and what is legal
     */
    public RogueRule {
        FaultRule.checkName(name);
        FaultRule.checkRequester(name, requester);
        boolean within = bytes >= 1 && (address & 0xFFF) + bytes <= 0x1000;
        FaultRule.check(within, name, "length", bytes, "1 to the end of the 4 KiB page");
        FaultRule.checkTime(name, "at", at);
    }
}
