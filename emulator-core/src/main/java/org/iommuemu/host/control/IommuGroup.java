// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Devices that cannot be isolated from each other. */
public final class IommuGroup {
    private final int id;
    private final List<HostDevice> devices = new ArrayList<>();

    /**
     * An empty group.
     *
     * @param id its number in {@code /sys/kernel/iommu_groups}
     */
    public IommuGroup(int id) {
        this.id = id;
    }

    /** Its number. */
    public int id() {
        return id;
    }

    /** Its devices, in the order in which they were added. */
    public List<HostDevice> devices() {
        return Collections.unmodifiableList(devices);
    }

    void add(HostDevice device) {
        devices.add(device);
    }

    @Override
    public String toString() {
        return "group " + id;
    }
}
