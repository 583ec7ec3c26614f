// SPDX-License-Identifier: Apache-2.0
/**
 * Arm SMMUv3 (IHI 0070, issue G.b), Non-secure: behaviour. Layouts are in {@code smmuv3.spec}.
 *
 * <p>{@link org.iommuemu.smmuv3.SmmuV3} is the machine as software and devices see it: registers, transactions, interrupts. It
 * is put together from a register file ({@code SmmuRegisters}), the way to a stream's configuration ({@code StreamTable},
 * {@code ContextTable} and the validity rules beside them), the command queue and the event queue; translation itself is
 * {@link org.iommuemu.iommu.TranslationUnit}. Every refusal names a {@link org.iommuemu.smmuv3.SmmuRule}.
 */
@NullMarked
package org.iommuemu.smmuv3;

import org.jspecify.annotations.NullMarked;
