// SPDX-License-Identifier: Apache-2.0
/**
 * What is in a trace: {@link org.iommuemu.trace.stat.TraceStatistics} takes its records one by one and has all figures; the others collect
 * one kind of figure each. Memory grows with pages and streams, not with records.
 */
@NullMarked
package org.iommuemu.trace.stat;

import org.jspecify.annotations.NullMarked;
