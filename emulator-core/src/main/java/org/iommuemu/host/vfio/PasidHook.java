// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

/** Programs a device with the PASIDs of its container, so that user space need not know them (question of a reviewer in 2018). */
public interface PasidHook {
    /** A process is bound: the device may use its PASID from now on. Called only when all has succeeded. */
    void bound(int pasid);

    /** The device is to use a PASID no longer. Called before it is detached, or, if the process has exited, after it was cut off. */
    void unbound(int pasid);
}
