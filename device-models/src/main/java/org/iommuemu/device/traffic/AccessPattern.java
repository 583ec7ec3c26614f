// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

/** What a device accesses, one after the other; software that posts and takes back buffers is part of it. */
public interface AccessPattern {
    /**
     * The next access.
     *
     * @param number from 0 on
     * @param software has mapped what it needs when this returns
     */
    DeviceAccess next(long number, Software software);

    /** Software has seen that all accesses up to this one have ended. */
    default void seen(long number, Software software) {}
}
