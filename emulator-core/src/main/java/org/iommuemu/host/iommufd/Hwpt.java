// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.Domain;
import org.iommuemu.host.control.IoPageFaults;
import org.jspecify.annotations.Nullable;

/** A hardware page table: a domain. */
abstract sealed class Hwpt extends IommufdObject permits PagingHwpt, NestedHwpt {
    private final Domain domain;
    private final boolean pasidCompatible;
    private @Nullable FaultQueue faults;

    Hwpt(Domain domain, boolean pasidCompatible) {
        this.domain = domain;
        this.pasidCompatible = pasidCompatible;
    }

    final Domain domain() {
        return domain;
    }

    /** Whether PASIDs may be attached to it, or beside it. */
    final boolean isPasidCompatible() {
        return pasidCompatible;
    }

    /** The queue that its faults go to, if it has one. */
    final @Nullable FaultQueue faults() {
        return faults;
    }

    final void faults(@Nullable FaultQueue queue) {
        faults = queue;
    }

    /** Its faults go to nobody any more. */
    final void dropFaults(IoPageFaults handlers) {
        if (faults != null) {
            handlers.removeHandler(domain);
            faults.put();
            faults = null;
        }
    }

    /** The one whose IOAS a device's reserved addresses are taken of. */
    abstract PagingHwpt paging();
}
