// SPDX-License-Identifier: Apache-2.0
/**
 * PCI Express as an IOMMU sees it: the requester id, by which a function is known as a stream, and {@link
 * org.iommuemu.pcie.PcieLink}, TLPs in time.
 */
@NullMarked
package org.iommuemu.pcie;

import org.jspecify.annotations.NullMarked;
