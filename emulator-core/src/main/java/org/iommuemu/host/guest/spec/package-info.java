// SPDX-License-Identifier: Apache-2.0
/** Layouts of the guests' calls: the container's of March 2020, what they carry of Linux 5.10's include/uapi/linux/iommu.h. */
@NullMarked
package org.iommuemu.host.guest.spec;

import org.jspecify.annotations.NullMarked;
