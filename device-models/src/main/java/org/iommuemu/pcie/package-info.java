// SPDX-License-Identifier: Apache-2.0
/**
 * PCI Express as an IOMMU sees it. {@link org.iommuemu.pcie.PcieLink} is TLPs in time. {@link org.iommuemu.pcie.TlpLink} carries them in
 * events between a {@link org.iommuemu.pcie.PciFunction} and the {@link org.iommuemu.pcie.HostBridge}, behind which the IOMMU and memory
 * are.
 */
@NullMarked
package org.iommuemu.pcie;

import org.jspecify.annotations.NullMarked;
