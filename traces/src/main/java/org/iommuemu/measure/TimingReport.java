// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.iommuemu.iommu.timing.TimedCommands;
import org.iommuemu.preset.Settings;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.time.ResourceStatistics;

/**
 * What the counted transactions of a timed replay took. Times in ps.
 *
 * @param settings of the machine
 * @param outstanding transactions of a closed loop, or 0 if they came when the trace has them
 * @param window what of the trace is counted
 * @param span from the first counted transaction's beginning to the last end, at least 1
 * @param latencies from each transaction's beginning to its answer
 * @param walks what was read from memory in order to translate
 * @param prefetch what was fetched before anybody asked
 * @param pages the counters by which hardware is compared
 * @param streams by stream, most transactions first
 * @param fairness among the streams
 * @param blockers whom translated transactions had to wait for, longest first
 * @param caches caches that were looked into
 * @param resources what transactions waited for
 * @param commands what commands took, from when software told of them
 * @param series how it went on
 */
public record TimingReport(
        Settings settings,
        int outstanding,
        MeasureWindow window,
        long span,
        Latencies latencies,
        WalkFigures walks,
        PrefetchFigures prefetch,
        PageCounters pages,
        List<StreamFigures> streams,
        Fairness fairness,
        List<Blocker> blockers,
        List<CacheFigures> caches,
        List<ResourceStatistics> resources,
        Map<TimedCommands.Kind, Latency> commands,
        TimeSeries series) {
    /** Takes copies. */
    public TimingReport {
        streams = List.copyOf(streams);
        blockers = List.copyOf(blockers);
        caches = List.copyOf(caches);
        resources = List.copyOf(resources);
        commands = Collections.unmodifiableMap(new EnumMap<>(commands));
    }

    /** How many transactions were counted. */
    public long transactions() {
        return latencies.all().count();
    }

    /** Bytes of reads. */
    public long bytesRead() {
        return sum(StreamFigures::bytesRead);
    }

    /** Bytes of writes. */
    public long bytesWritten() {
        return sum(StreamFigures::bytesWritten);
    }

    /** Transactions that were refused, or held back. */
    public long refused() {
        return sum(StreamFigures::refused);
    }

    /** So many of something as a rate by second of the span. */
    public double perSecond(long count) {
        return (double) count * Picoseconds.PER_SECOND / span;
    }

    private long sum(ToLongFunction<StreamFigures> what) {
        return streams.stream().mapToLong(what).sum();
    }
}
