// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/**
 * A refused access, as an IOMMU has recorded it.
 *
 * @param stream StreamID or requester id
 * @param pasid or {@link IommuDriver#NO_PASID}
 * @param address input address, or of its page; 0 where the record has none
 * @param write whether it was to write
 * @param kind what is wrong with it: an event of SMMUv3 or a fault reason of VT-d, by its name
 */
public record DmaFault(int stream, int pasid, long address, boolean write, String kind) {}
