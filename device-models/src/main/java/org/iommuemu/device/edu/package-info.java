// SPDX-License-Identifier: Apache-2.0
/**
 * A device of the simplest kind, register-compatible with QEMU's {@code edu}: it inverts a word, computes factorials, raises interrupts,
 * and copies between memory and a buffer of 4 KiB. Begin at {@link org.iommuemu.device.edu.EduDevice}.
 */
@NullMarked
package org.iommuemu.device.edu;

import org.jspecify.annotations.NullMarked;
