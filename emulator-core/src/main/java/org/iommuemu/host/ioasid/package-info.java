// SPDX-License-Identifier: Apache-2.0
/**
 * /dev/ioasid, as sketched in 2021: a file of a virtual machine or process that has PASIDs, here named ioasids, and their page tables;
 * devices' own files only say which of them a device may use. Begin with {@link org.iommuemu.host.ioasid.IoasidFd} and {@link
 * org.iommuemu.host.ioasid.VfioDeviceFd}.
 */
@NullMarked
package org.iommuemu.host.ioasid;

import org.jspecify.annotations.NullMarked;
