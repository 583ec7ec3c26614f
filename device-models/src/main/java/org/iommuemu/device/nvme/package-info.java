// SPDX-License-Identifier: Apache-2.0
/**
 * An NVM Express controller: registers, queues in memory, commands, PRPs and a medium with times, after the NVM Express Base
 * Specification 1.4. Start with {@link org.iommuemu.device.nvme.NvmeController}.
 */
@NullMarked
package org.iommuemu.device.nvme;

import org.jspecify.annotations.NullMarked;
