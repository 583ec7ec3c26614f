// SPDX-License-Identifier: Apache-2.0
/** The registers and descriptors of the network card, laid out; begin with {@link org.iommuemu.device.nic.spec.NicRegisters}. */
@NullMarked
package org.iommuemu.device.nic.spec;

import org.jspecify.annotations.NullMarked;
