// SPDX-License-Identifier: Apache-2.0
/**
 * Lint for software that drives an SMMUv3: set-ups that IHI 0070 leaves CONSTRAINED UNPREDICTABLE, or that are surely not meant,
 * found while the machine runs. Start at {@link org.iommuemu.smmuv3.lint.SmmuLint}, which stands in front of a machine and
 * watches it through its observers; {@link org.iommuemu.smmuv3.lint.SmmuLintRule} has every rule. Nothing here changes what
 * the machine does, and a machine without it does nothing for it.
 */
@NullMarked
package org.iommuemu.smmuv3.lint;

import org.jspecify.annotations.NullMarked;
