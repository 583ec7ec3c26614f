// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.vtd.spec.Descriptor;

/** Sees every good invalidation descriptor that is consumed, before it takes effect; for lint and tests. */
@FunctionalInterface
public interface DescriptorObserver {
    /**
     * A descriptor is consumed.
     *
     * @param descriptor which
     * @param word0 its first word
     * @param word1 its second word
     */
    void consuming(Descriptor descriptor, long word0, long word1);
}
