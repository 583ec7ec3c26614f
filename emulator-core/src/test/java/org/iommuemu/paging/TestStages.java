// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.iommuemu.cache.CacheGeometry;

/** What the tests of this package put around a walker. */
final class TestStages {
    private TestStages() {}

    /** Walk caches of one geometry at every height. */
    static WalkCaches walkCaches(CacheGeometry geometry) {
        return new WalkCaches("walk cache", Collections.nCopies(WalkCaches.COUNT, geometry));
    }

    /** A second stage that moves everything by a distance, but for one address that it does not map. */
    static final class Shift implements TableLocator {
        final List<Long> asked = new ArrayList<>();
        long distance;
        long hole = NOWHERE;
        int shift;

        /**
         * A stage.
         *
         * @param shift log2 of its pages
         */
        Shift(long distance, int shift) {
            this.distance = distance;
            this.shift = shift;
        }

        @Override
        public long locate(long intermediate) {
            asked.add(intermediate);
            return intermediate == hole ? NOWHERE : intermediate + distance;
        }

        @Override
        public int locatedShift() {
            return shift;
        }
    }
}
