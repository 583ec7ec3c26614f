// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/** Which Linux a driver follows, where versions differ in what they send. */
public enum LinuxVersion {
    /** 6.1: structures are written in two steps, and a domain is left before the next is entered. */
    V6_1("6.1"),
    /** 6.12: structures are written so that hardware never sees a mixture, in as few steps as that takes. */
    V6_12("6.12");

    private final String label;

    LinuxVersion(String label) {
        this.label = label;
    }

    /** The version's number. */
    public String label() {
        return label;
    }
}
