// SPDX-License-Identifier: Apache-2.0
/** Structures of iommufd's requests, and of VFIO's that concern it, as include/uapi/linux/iommufd.h and vfio.h have them. */
@NullMarked
package org.iommuemu.host.iommufd.spec;

import org.jspecify.annotations.NullMarked;
