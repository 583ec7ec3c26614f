// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import java.util.List;

/** The stories that there are. */
public final class Demos {
    private Demos() {}

    /** All, in the order in which to read them. */
    public static List<Demo> all() {
        return List.of(
                new SharedVirtualMemory(),
                new GuestBindStory(),
                new IoasidStory(),
                new IommufdStory(),
                new StaleTranslation(),
                new IgnoredInvalidation(),
                new PageRequestStorm());
    }
}
