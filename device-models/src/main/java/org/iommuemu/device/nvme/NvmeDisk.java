// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What outlives a reset: namespaces, the medium's occupancy, and the record of its health. */
final class NvmeDisk {
    private final List<Namespace> namespaces;
    private final Medium medium;
    private final Health health;

    NvmeDisk(List<Namespace> namespaces, NvmeParameters parameters) {
        this.namespaces = List.copyOf(namespaces);
        medium = new Medium(parameters);
        health = new Health(parameters.errorLog());
    }

    int namespaces() {
        return namespaces.size();
    }

    /** By its identifier, from 1. */
    @Nullable
    Namespace namespace(int id) {
        return id >= 1 && id <= namespaces.size() ? namespaces.get(id - 1) : null;
    }

    Medium medium() {
        return medium;
    }

    Health health() {
        return health;
    }
}
