// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.List;
import org.HdrHistogram.Histogram;
import org.iommuemu.preset.Settings;
import org.iommuemu.time.ResourceStatistics;

/**
 * What a timed replay took. Times in ps.
 *
 * @param settings of the machine
 * @param outstanding transactions of a closed loop, or 0 if they came when the trace has them
 * @param span from the first transaction's arrival to the last one's end
 * @param latencies from each transaction's arrival at the IOMMU to its answer
 * @param hits transactions for which nothing was read
 * @param merged of those, the ones that waited for a fill under way
 * @param misses transactions for which tables or configuration were read
 * @param tableReads structures and descriptors read
 * @param resources what transactions waited for
 */
public record TimingReport(
        Settings settings,
        int outstanding,
        long span,
        Histogram latencies,
        long hits,
        long merged,
        long misses,
        long tableReads,
        List<ResourceStatistics> resources) {
    /** Takes copies. */
    public TimingReport {
        latencies = latencies.copy();
        resources = List.copyOf(resources);
    }
}
