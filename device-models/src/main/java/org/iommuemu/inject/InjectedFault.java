// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

/**
 * What an injector has done.
 *
 * @param time when, in ps
 * @param rule name of the rule
 * @param what was done to what
 */
public record InjectedFault(long time, String rule, String what) {
    /** One line for people. */
    public String text() {
        return time + " ps: " + rule + ": " + what;
    }
}
