// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import org.iommuemu.platform.Platform;

/** A story. */
public interface Demo {
    /** How it is asked for. */
    String name();

    /** What it is about. */
    String title();

    /** Whether it is of VT-d if nobody says otherwise, else of SMMUv3. */
    default boolean wantsVtd() {
        return false;
    }

    /**
     * Lets it happen.
     *
     * @param machine after reset, with nothing behind its IOMMU
     * @param story takes what is to be told
     */
    void play(Platform machine, Story story);
}
