// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import org.iommuemu.platform.Platform;

/** A story. */
public interface Demo {
    /** How it is asked for. */
    String name();

    /** What it is about. */
    String title();

    /**
     * Lets it happen.
     *
     * @param machine after reset, with nothing behind its IOMMU
     * @param story takes what is to be told
     */
    void play(Platform machine, Story story);
}
