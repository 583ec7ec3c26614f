// SPDX-License-Identifier: Apache-2.0
/**
 * What every IOMMU has in common: a transaction goes in, a verdict comes out.
 *
 * <p>{@link org.iommuemu.iommu.TranslationUnit#translate} is the hot path, one screen long: configuration cache, IOTLB, done.
 * A miss goes on in the same class, through the {@link org.iommuemu.iommu.Architecture} - the interface behind which
 * SMMUv3 and VT-d live - and the walker. {@link org.iommuemu.iommu.RegisterFile} and {@link
 * org.iommuemu.iommu.MemoryQueue} are the register and queue machinery that the architectures share. May use the floors
 * below: {@code bits}, {@code memory}, {@code cache}, {@code paging}.
 */
@NullMarked
package org.iommuemu.iommu;

import org.jspecify.annotations.NullMarked;
