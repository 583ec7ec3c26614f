// SPDX-License-Identifier: Apache-2.0
/**
 * VFIO: groups of devices are put into containers, each of which is one address space that user space fills, and which processes, or guests'
 * tables, can be bound to. Begin with {@link org.iommuemu.host.vfio.VfioContainer}.
 */
@NullMarked
package org.iommuemu.host.vfio;

import org.jspecify.annotations.NullMarked;
