// SPDX-License-Identifier: Apache-2.0
/**
 * DMA traces that say themselves how their pages are mapped: what devices do, and what software maps and unmaps, in the order of
 * time. {@link org.iommuemu.trace.DmaRecord} is one record, {@link org.iommuemu.trace.TraceReader} and {@link
 * org.iommuemu.trace.TraceWriter} go through a file of either encoding in constant memory ({@link org.iommuemu.trace.TraceEncoding}:
 * CSV, binary), {@link org.iommuemu.trace.pattern.TracePattern} makes traces up, and {@link org.iommuemu.trace.stat.TraceStatistics} says what
 * is in one. The formats are in docs/traces.md.
 *
 * <p>This package knows no IOMMU; traces are replayed by {@code org.iommuemu.replay}.
 */
@NullMarked
package org.iommuemu.trace;

import org.jspecify.annotations.NullMarked;
