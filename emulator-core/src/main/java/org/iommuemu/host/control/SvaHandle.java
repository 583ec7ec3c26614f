// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.List;
import org.iommuemu.host.Domain;

/** A process's memory that the devices of a group may use. */
public final class SvaHandle {
    private final IommuGroup group;
    private final List<HostDevice> devices;
    private final int pasid;
    private final Domain domain;
    private int users = 1;

    SvaHandle(IommuGroup group, int pasid, Domain domain) {
        this.group = group;
        devices = List.copyOf(group.devices());
        this.pasid = pasid;
        this.domain = domain;
    }

    /** By which PASID. */
    public int pasid() {
        return pasid;
    }

    IommuGroup group() {
        return group;
    }

    /** Those of the group when it was bound. */
    List<HostDevice> devices() {
        return devices;
    }

    Domain domain() {
        return domain;
    }

    /** How many times it is bound. */
    public int users() {
        return users;
    }

    void get() {
        users++;
    }

    boolean put() {
        return --users == 0;
    }
}
