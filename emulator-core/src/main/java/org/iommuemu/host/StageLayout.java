// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/** Which stages translate a device's accesses. */
public enum StageLayout {
    /** The first alone: the device belongs to the host. */
    STAGE_1("1"),
    /** The second alone: the device belongs to a guest that does not see an IOMMU. */
    STAGE_2("2"),
    /** Both: a guest maps, and its tables and memory are mapped by the host. */
    NESTED("nested");

    private final String label;

    StageLayout(String label) {
        this.label = label;
    }

    /** Name in configurations. */
    public String label() {
        return label;
    }

    /**
     * The layout of a name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static StageLayout parse(String label) {
        for (StageLayout s : values()) {
            if (s.label.equals(label)) {
                return s;
            }
        }
        throw new IllegalArgumentException("stages are '" + label + "', expected 1, 2 or nested");
    }
}
