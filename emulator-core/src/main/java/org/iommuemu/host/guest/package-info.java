// SPDX-License-Identifier: Apache-2.0
/**
 * What user space gave its guests in the postings of 2020, "vfio: expose virtual Shared Virtual Addressing to VMs": PASIDs for the asking,
 * a guest's page tables behind one of them, and invalidation of what caches hold of those. All are calls of a container. Begin with {@link
 * org.iommuemu.host.guest.GuestContainer}.
 */
@NullMarked
package org.iommuemu.host.guest;

import org.jspecify.annotations.NullMarked;
