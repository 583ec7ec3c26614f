// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/** Commands of guests that an IOMMU can take as they are, once what names VMs and devices in them is the host's. */
@FunctionalInterface
public interface GuestCommands {
    /** Sends a command, which whoever calls has checked, and returns when it has been carried out. */
    void send(long word0, long word1);
}
