// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import org.iommuemu.host.Domain;

/**
 * What a device's requests are attached to.
 *
 * @param pasid or {@link org.iommuemu.host.IommuDriver#NO_PASID}
 */
record Attachment(HostDevice device, int pasid, Domain domain) {}
