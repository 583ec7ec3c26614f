// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import org.iommuemu.host.process.AddressSpace;

/** Is told that a process's memory has gone while a device was attached to it (the mm_exit callback of Linux' SVA in 2018). */
@FunctionalInterface
public interface ExitListener {
    /**
     * Nothing of the PASID gets through any more. It is still to be detached, now or later, and may not be used for anything else before.
     *
     * @param mm which is about to be emptied
     */
    void exited(HostDevice device, int pasid, AddressSpace mm);
}
