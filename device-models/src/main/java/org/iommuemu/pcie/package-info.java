// SPDX-License-Identifier: Apache-2.0
/** PCI Express as an IOMMU sees it. So far the requester id, by which a function is known as a stream. */
@NullMarked
package org.iommuemu.pcie;

import org.jspecify.annotations.NullMarked;
