// SPDX-License-Identifier: Apache-2.0
/**
 * How long an IOMMU takes. {@link org.iommuemu.iommu.timing.TimedTranslation} has each transaction answered by the functional
 * machine and charges what that did - lookups, structures and descriptors read, entries filled - to ports, walkers, ordering
 * windows and table memory. There is no second model of caches or walks here: time is what is charged for the one there is.
 */
@NullMarked
package org.iommuemu.iommu.timing;

import org.jspecify.annotations.NullMarked;
