// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.Domain;
import org.iommuemu.host.control.ControlCore;
import org.jspecify.annotations.Nullable;

/** A guest's table, or table of contexts, behind a table of the host. */
final class NestedHwpt extends Hwpt {
    private final ControlCore core;
    private final PagingHwpt parent;
    private final @Nullable Viommu viommu;
    private final GuestTable guest;

    /**
     * A table that the guest has.
     *
     * @param viommu the guest's IOMMU that it belongs to, where guests have one
     */
    NestedHwpt(
            ControlCore core,
            Domain domain,
            PagingHwpt parent,
            @Nullable Viommu viommu,
            GuestTable guest,
            boolean pasidCompatible) {
        super(domain, pasidCompatible);
        this.core = core;
        this.parent = parent;
        this.viommu = viommu;
        this.guest = guest;
        needed().get();
    }

    private IommufdObject needed() {
        return viommu == null ? parent : viommu;
    }

    @Override
    PagingHwpt paging() {
        return parent;
    }

    @Nullable
    Viommu viommu() {
        return viommu;
    }

    GuestTable guest() {
        return guest;
    }

    @Override
    void destroyed() {
        dropFaults(core.faults());
        core.driver().free(domain());
        needed().put();
    }
}
