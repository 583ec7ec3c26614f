// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

/** When a device's buffers are mapped. */
public enum Mapping {
    /** All of them before it begins. */
    ONCE("once"),
    /** Each for its request, and unmapped and invalidated after it, before its memory may be used again: the strict mode of Linux. */
    STRICT("strict");

    private final String label;

    Mapping(String label) {
        this.label = label;
    }

    /** What reports call it. */
    public String label() {
        return label;
    }
}
