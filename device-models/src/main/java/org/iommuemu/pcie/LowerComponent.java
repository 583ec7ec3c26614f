// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.jspecify.annotations.Nullable;

/** What is at the lower end of a link: a device or a switch. */
interface LowerComponent {
    /**
     * The configuration space of one of its functions.
     *
     * @param bus as the request has it
     * @param below whether the request is for a bus behind it (type 1), not for the link's own (type 0)
     * @param write whether it is a write, from which functions learn their numbers
     */
    @Nullable
    ConfigSpace config(int bus, boolean below, int device, int function, boolean write);

    /** A hot reset, or the link went down: all is as at power-on. */
    void hotReset();
}
