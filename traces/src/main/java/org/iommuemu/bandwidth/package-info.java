// SPDX-License-Identifier: Apache-2.0
/**
 * How much devices get through with and without an IOMMU, on the machine of a preset. Begin with {@link
 * org.iommuemu.bandwidth.NicBandwidth}.
 */
@NullMarked
package org.iommuemu.bandwidth;

import org.jspecify.annotations.NullMarked;
