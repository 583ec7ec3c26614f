// SPDX-License-Identifier: Apache-2.0
/**
 * Transactions of a timed replay as slices on a time line, in the Trace Event Format that Perfetto and other viewers open. {@link
 * org.iommuemu.report.timeline.Timeline} collects a bounded number of them; {@code TimelineJson} writes them out.
 */
@NullMarked
package org.iommuemu.report.timeline;

import org.jspecify.annotations.NullMarked;
