// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.jspecify.annotations.Nullable;

/** Devices that cannot be isolated from each other. */
public final class IommuGroup {
    private final int id;
    private final List<HostDevice> devices = new ArrayList<>();
    private @Nullable Object owner;
    private int claims;

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

    /**
     * Keeps everybody else's hands off its devices' DMA (iommu_device_claim_dma_owner), once more.
     *
     * @param by compared by identity
     * @return EPERM if it is somebody else's
     */
    public Result<Done> claim(Object by) {
        if (owner != null && owner != by) {
            return Result.err(Errno.EPERM, this + " is somebody else's");
        }
        owner = by;
        claims++;
        return Result.done();
    }

    /** Gives one claim up. */
    public void disclaim() {
        if (--claims == 0) {
            owner = null;
        }
    }

    void add(HostDevice device) {
        devices.add(device);
    }

    @Override
    public String toString() {
        return "group " + id;
    }
}
