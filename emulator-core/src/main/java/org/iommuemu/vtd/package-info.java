// SPDX-License-Identifier: Apache-2.0
/**
 * Intel VT-d remapping hardware, beside {@code smmuv3} on the same core: registers, root, context and PASID tables, faults,
 * invalidation queue, page requests, interrupt remapping and posting, host permissions; {@code perfmon} is the performance
 * monitor. Start with {@link org.iommuemu.vtd.Vtd}; a transaction's way is {@code VtdArchitecture}, the tables are {@code
 * ContextLookup} and {@code ContextBuilder}. May use {@code iommu} and the floors below.
 */
@NullMarked
package org.iommuemu.vtd;

import org.jspecify.annotations.NullMarked;
