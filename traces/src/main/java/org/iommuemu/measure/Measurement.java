// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.iommuemu.device.DmaPath;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.Journey.Outcome;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.iommu.timing.TimingParameters.Ordering.Scope;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.Settings;
import org.iommuemu.time.Resource;
import org.jspecify.annotations.Nullable;

/** Counts what one machine's transactions and commands take, from its making or the last {@link #reset} on. */
public final class Measurement {
    private final TimedTranslation timed;
    private final @Nullable DmaPath path;
    private final TranslationUnit unit;
    private final IntUnaryOperator level;
    private final Settings settings;
    private final LatenciesCollector latencies = new LatenciesCollector();
    private final StreamCollector streams;
    private final WalkCollector walks = new WalkCollector();
    private final CommandCollector commands = new CommandCollector();
    private final SeriesCollector series = new SeriesCollector();
    private @Nullable TransactionListener listener;
    private MachineFigures atStart;
    private long start;
    private long last;

    /**
     * A measurement.
     *
     * @param timed the machine's times
     * @param path the way of transactions to the machine and on, or null if they begin and end there
     * @param unit its pipeline
     * @param level the architecture's number for a height of tables
     * @param settings of the machine
     */
    public Measurement(
            TimedTranslation timed,
            @Nullable DmaPath path,
            TranslationUnit unit,
            IntUnaryOperator level,
            Settings settings) {
        this.timed = timed;
        this.path = path;
        this.unit = unit;
        this.level = level;
        this.settings = settings;
        streams = new StreamCollector(
                MachineParameters.timing(settings).ordering().scope() == Scope.STREAM);
        atStart = MachineFigures.of(timed, path, unit, level);
        timed.commands().listen(commands);
    }

    /**
     * Forgets what was counted; the machine stays as it is.
     *
     * @param now the time from which on is counted, in ps
     * @param onTransaction is shown every transaction from now on, or null
     */
    public void reset(long now, @Nullable TransactionListener onTransaction) {
        latencies.reset();
        streams.reset();
        walks.reset();
        commands.reset();
        series.reset(now);
        resources().forEach(Resource::resetStatistics);
        atStart = MachineFigures.of(timed, path, unit, level);
        listener = onTransaction;
        start = now;
        last = now;
    }

    /**
     * Counts a transaction that the machine has just answered.
     *
     * @param bytes its length
     * @param at when it began, in ps
     * @param end when it was answered, in ps
     * @param journey what the time between was spent on
     */
    public void record(Transaction t, int bytes, long at, long end, Verdict v, Journey journey) {
        boolean write = Access.isWrite(t.access());
        Outcome outcome = journey.outcome();
        int kind = outcome.ordinal();
        long time = end - at;
        latencies.record(write, kind, time, journey);
        int moved = v.isOk() ? bytes : 0;
        streams.record(t.streamId(), write, moved, v.isOk(), kind, time, journey.of(LatencyPart.ORDER));
        series.record(at, end, write, moved, kind);
        int reads = outcome == Outcome.MISS ? walks.record(journey) : 0;
        if (end > last) {
            last = end;
        }
        if (listener != null) {
            listener.measured(t, bytes, at, end, v, journey, outcome, reads);
        }
    }

    /**
     * What was counted so far.
     *
     * @param outstanding transactions of a closed loop, or 0 if they came when the trace has them
     * @param window what of the trace is counted
     */
    public TimingReport report(int outstanding, MeasureWindow window) {
        long span = Math.max(1, last - start);
        Latencies figures = latencies.figures();
        MachineFigures machine = MachineFigures.of(timed, path, unit, level).since(atStart);
        List<StreamFigures> byStream = streams.streams();
        return new TimingReport(
                settings,
                outstanding,
                window,
                span,
                figures,
                walks.figures(machine.tableReads()),
                machine.prefetch(),
                pages(byStream, figures, machine),
                byStream,
                Fairness.of(byStream),
                streams.blockers(),
                machine.caches().stream().filter(CacheFigures::wasUsed).toList(),
                resources().stream().map(r -> r.statistics(span)).toList(),
                commands.figures(),
                series.figures(span));
    }

    /** What transactions wait for. */
    private List<Resource> resources() {
        List<Resource> all = new ArrayList<>(path == null ? List.of() : path.resources());
        all.addAll(timed.resources());
        return all;
    }

    private static PageCounters pages(List<StreamFigures> streams, Latencies latencies, MachineFigures machine) {
        long transactions = latencies.all().count();
        long misses = latencies.count(Outcome.MISS);
        return new PageCounters(
                streams.stream().mapToLong(StreamFigures::bytes).sum(),
                transactions,
                transactions + latencies.count(Outcome.MERGED_MISS) + misses,
                misses,
                machine.invalidations(),
                machine.tableReads());
    }
}
