// SPDX-License-Identifier: Apache-2.0
/**
 * This model and QEMU side by side: random programs of page tables, structures, commands and DMA run on both, over the same registers.
 * Begin at {@link org.iommuemu.qemu.QemuComparisonTest}; docs/qemu-comparison.md says what was seen.
 */
@NullMarked
package org.iommuemu.qemu;

import org.jspecify.annotations.NullMarked;
