// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.Domain;
import org.iommuemu.host.control.ControlCore;

/** A translation of a container's, and the groups that have it (Linux' vfio_domain). */
final class VfioDomain {
    private final ControlCore core;
    private final boolean coherent;
    private final Domain domain;
    private final List<AttachedGroup> groups = new ArrayList<>();

    /**
     * One without groups.
     *
     * @param coherent the protection flag that all its mappings have: IOMMU_CACHE
     */
    VfioDomain(ControlCore core, boolean coherent, Domain domain) {
        this.core = core;
        this.coherent = coherent;
        this.domain = domain;
    }

    ControlCore core() {
        return core;
    }

    boolean isCoherent() {
        return coherent;
    }

    Domain domain() {
        return domain;
    }

    List<AttachedGroup> groups() {
        return groups;
    }

    /** Whether groups of the one can be attached to the other: same IOMMU operations, same protection flags. */
    boolean isLike(VfioDomain other) {
        return core == other.core && coherent == other.coherent;
    }

    void free() {
        core.driver().free(domain);
    }
}
