// SPDX-License-Identifier: Apache-2.0
/**
 * Makes DMA traces of what others have recorded. {@link org.iommuemu.trace.imports.ImportSource} names the formats, finds out which
 * one a file has, and goes through it once or twice in memory that grows with what is mapped at a time only. What cannot be said in
 * a trace is passed over and counted: {@link org.iommuemu.trace.imports.ImportSummary}. docs/traces.md says what becomes of what.
 *
 * <p>{@code AddressSpaces} keeps what is mapped, so that a trace never maps a page twice and unmaps it by its size;
 * {@code RecordSink} writes and counts.
 */
@NullMarked
package org.iommuemu.trace.imports;

import org.jspecify.annotations.NullMarked;
