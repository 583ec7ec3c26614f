// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.iommuemu.bits.Layout;

/** Sees every configuration structure that is fetched, in order; for {@code explain} and tests. */
@FunctionalInterface
public interface StructureObserver {
    /**
     * A structure was fetched.
     *
     * @param layout what it is
     * @param address where it was read
     * @param words its content; not to be kept, the array is used again
     */
    void fetched(Layout layout, long address, long[] words);
}
