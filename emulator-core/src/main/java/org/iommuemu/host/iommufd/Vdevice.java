// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

/** A device as a guest sees it: by a number of the guest's. */
final class Vdevice extends IommufdObject {
    private final Viommu viommu;
    private final BoundDevice device;
    private final long virtualId;

    Vdevice(Viommu viommu, BoundDevice device, long virtualId) {
        this.viommu = viommu;
        this.device = device;
        this.virtualId = virtualId;
        viommu.add(this);
        device.vdevice(this);
    }

    Viommu viommu() {
        return viommu;
    }

    BoundDevice device() {
        return device;
    }

    long virtualId() {
        return virtualId;
    }

    @Override
    void destroyed() {
        device.vdevice(null);
        viommu.remove(this);
    }
}
