// SPDX-License-Identifier: Apache-2.0
/**
 * Lint for software that drives a VT-d unit: set-ups that the architecture forbids or leaves open, and that no fault reports, found
 * while the unit runs. Start at {@link org.iommuemu.vtd.lint.VtdLint}, which stands in front of a unit and watches it through its
 * observers; {@link org.iommuemu.vtd.lint.VtdLintRule} has every rule. Nothing here changes what the unit does, and a unit without
 * it does nothing for it.
 */
@NullMarked
package org.iommuemu.vtd.lint;

import org.jspecify.annotations.NullMarked;
