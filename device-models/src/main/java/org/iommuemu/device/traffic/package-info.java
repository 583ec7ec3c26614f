// SPDX-License-Identifier: Apache-2.0
/**
 * Devices without registers that issue DMA by a rule ({@link org.iommuemu.device.traffic.TrafficGenerator}) or as a trace says ({@link
 * org.iommuemu.device.traffic.TracePlayer}). Patterns are shared with traces that are made up.
 */
@NullMarked
package org.iommuemu.device.traffic;

import org.jspecify.annotations.NullMarked;
