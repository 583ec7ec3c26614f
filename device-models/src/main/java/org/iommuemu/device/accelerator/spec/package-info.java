// SPDX-License-Identifier: Apache-2.0
/**
 * Layouts of the accelerator: named fields and nothing else. They are this project's own, described in docs/devices.md; descriptors,
 * operations and completion codes resemble those of the Intel Data Streaming Accelerator.
 */
@NullMarked
package org.iommuemu.device.accelerator.spec;

import org.jspecify.annotations.NullMarked;
