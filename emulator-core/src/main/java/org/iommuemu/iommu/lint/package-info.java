// SPDX-License-Identifier: Apache-2.0
/**
 * What the lints of all architectures share: structures that may be cached, and tables that must stay under their tag. Findings
 * go to a {@link org.iommuemu.iommu.LintLog}. May use {@code iommu} and what that uses.
 */
@NullMarked
package org.iommuemu.iommu.lint;

import org.jspecify.annotations.NullMarked;
