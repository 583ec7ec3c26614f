// SPDX-License-Identifier: Apache-2.0
/**
 * What all calls into the kernel have in common: error numbers, buffers of user space that can fault, structures, and failures on demand.
 * Nothing that a caller passes makes a call throw: it returns an error.
 */
@NullMarked
package org.iommuemu.host.call;

import org.jspecify.annotations.NullMarked;
