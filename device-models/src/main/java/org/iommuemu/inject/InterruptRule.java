// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

/**
 * Pulses of one of the IOMMU's interrupt wires are lost. MSIs of devices are TLPs.
 *
 * @param line its name, see {@link org.iommuemu.platform.Platform#onLine}
 */
public record InterruptRule(String name, String line, Occasion when) implements FaultRule {
    /**
     * Checks it.
     *
     * @throws IllegalArgumentException naming rule, field, value and what is legal
     */
    public InterruptRule {
        FaultRule.checkName(name);
        FaultRule.check(!line.isBlank(), name, "line", line, "the name of a wire");
    }
}
