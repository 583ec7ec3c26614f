// SPDX-License-Identifier: Apache-2.0
/**
 * A second SMMUv3, for comparison: registers and memory in, the outcome of one transaction out. Written from the text alone, as
 * literally as it goes, without caches and without anything of the model but its interface and the memory. Start at {@link
 * org.iommuemu.smmuv3.reference.ReferenceSmmu}.
 */
package org.iommuemu.smmuv3.reference;
