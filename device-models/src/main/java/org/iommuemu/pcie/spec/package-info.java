// SPDX-License-Identifier: Apache-2.0
/** Layouts of PCI Express: named fields and nothing else, as the PCIe Base Specification has them. */
@NullMarked
package org.iommuemu.pcie.spec;

import org.jspecify.annotations.NullMarked;
