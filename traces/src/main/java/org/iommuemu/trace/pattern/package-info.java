// SPDX-License-Identifier: Apache-2.0
/**
 * DMA traces that are made up: {@link org.iommuemu.trace.pattern.TracePattern} lists the patterns and the {@link
 * org.iommuemu.trace.pattern.PatternOption options} that each takes. What devices access in which order is, where a simulated device can
 * do the same, that of {@code org.iommuemu.device.traffic}.
 */
@NullMarked
package org.iommuemu.trace.pattern;

import org.jspecify.annotations.NullMarked;
