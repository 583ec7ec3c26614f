// SPDX-License-Identifier: Apache-2.0
/**
 * Named bit fields and the layouts made of them: the ground floor, which uses nothing but the JDK.
 *
 * <p>Every register, descriptor, command and record of the emulator is declared once as a {@link
 * org.iommuemu.bits.Layout} in a {@code spec} package; behaviour reads it through {@link org.iommuemu.bits.BitField}, and
 * {@code decode} and {@code explain} print from the same declaration. Start with {@link org.iommuemu.bits.BitField}.
 */
@NullMarked
package org.iommuemu.bits;

import org.jspecify.annotations.NullMarked;
