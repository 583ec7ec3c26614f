// SPDX-License-Identifier: Apache-2.0
/** Layouts of NVM Express: named fields and nothing else, as the NVM Express Base Specification 1.4 has them. */
@NullMarked
package org.iommuemu.device.nvme.spec;

import org.jspecify.annotations.NullMarked;
