// SPDX-License-Identifier: Apache-2.0
/** Numbers and structures of VFIO's user interface: of Linux' linux/vfio.h, of the process binding of 2018, and of the SVM binding of 2017. */
@NullMarked
package org.iommuemu.host.vfio.spec;

import org.jspecify.annotations.NullMarked;
