// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

import java.util.ArrayList;
import java.util.List;

/** A stream of a scene: where it is, and which addresses are worth a visit with which substream. */
final class Stream {
    /** Addresses of a substream, or of none. */
    record Visit(int substream, List<Long> addresses) {}

    final int id;
    final long[] words = new long[8];
    final List<Visit> visits = new ArrayList<>();

    Stream(int id) {
        this.id = id;
    }
}
