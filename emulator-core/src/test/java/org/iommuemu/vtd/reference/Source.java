// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

import java.util.ArrayList;
import java.util.List;

/** A requester of a scene, and which addresses are worth a visit with which PASID. */
final class Source {
    /** Addresses of a PASID, or of none. */
    record Visit(int pasid, List<Long> addresses) {}

    final int id;
    final List<Visit> visits = new ArrayList<>();

    Source(int id) {
        this.id = id;
    }
}
