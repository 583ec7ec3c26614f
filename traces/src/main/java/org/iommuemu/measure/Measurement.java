// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.preset.Settings;
import org.iommuemu.time.Resource;
import org.jspecify.annotations.Nullable;

/** Counts what one machine's transactions take, from its making or the last {@link #reset} on. */
public final class Measurement {
    /** Misses with more reads are counted together. */
    static final int MOST_READS = 32;

    private static final Outcome[] OUTCOMES = Outcome.values();

    private final TimedTranslation timed;
    private final TranslationUnit unit;
    private final IntUnaryOperator level;
    private final LatenciesCollector latencies = new LatenciesCollector();
    private final StreamCollector streams = new StreamCollector();
    private final SeriesCollector series = new SeriesCollector();
    private final long[] byReads = new long[MOST_READS + 1];
    private @Nullable TransactionListener listener;
    private MachineFigures before;
    private long misses;
    private long merged;
    private long reads;
    private long start;
    private long last;

    /**
     * A measurement.
     *
     * @param timed the machine's times
     * @param unit its pipeline
     * @param level the architecture's number for a height of tables
     */
    public Measurement(TimedTranslation timed, TranslationUnit unit, IntUnaryOperator level) {
        this.timed = timed;
        this.unit = unit;
        this.level = level;
        before = MachineFigures.of(timed, unit, level);
        misses = timed.misses();
        merged = timed.mergedMisses();
        reads = timed.tableReads();
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
        series.reset(now);
        Arrays.fill(byReads, 0);
        timed.resources().forEach(Resource::resetStatistics);
        before = MachineFigures.of(timed, unit, level);
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
        long readBefore = reads;
        int outcome = outcome();
        long time = end - at;
        latencies.record(write, outcome, time, journey);
        streams.record(t.streamId(), write, bytes, v.isOk(), outcome, time, journey.of(LatencyPart.ORDER));
        series.record(at, end, write, bytes, outcome);
        if (end > last) {
            last = end;
        }
        if (listener != null) {
            listener.measured(t, bytes, at, end, v, journey, OUTCOMES[outcome], Math.toIntExact(reads - readBefore));
        }
    }

    /** What the machine has counted since the transaction before. */
    private int outcome() {
        if (timed.misses() != misses) {
            misses = timed.misses();
            long now = timed.tableReads();
            byReads[(int) Math.min(now - reads, MOST_READS)]++;
            reads = now;
            return Outcome.MISS.ordinal();
        }
        if (timed.mergedMisses() != merged) {
            merged = timed.mergedMisses();
            return Outcome.MERGED.ordinal();
        }
        return Outcome.HIT.ordinal();
    }

    /**
     * What was counted so far.
     *
     * @param settings of the machine
     * @param outstanding transactions of a closed loop, or 0 if they came when the trace has them
     * @param window what of the trace is counted
     */
    public TimingReport report(Settings settings, int outstanding, MeasureWindow window) {
        long span = Math.max(1, last - start);
        Latencies figures = latencies.figures();
        MachineFigures machine = MachineFigures.of(timed, unit, level).since(before);
        WalkFigures walks = new WalkFigures(
                machine.structureReads(),
                machine.stage1Reads(),
                machine.stage2Reads(),
                Arrays.stream(byReads).boxed().toList());
        List<StreamFigures> byStream = streams.streams();
        return new TimingReport(
                settings,
                outstanding,
                window,
                span,
                figures,
                walks,
                pages(byStream, figures, machine),
                byStream,
                Fairness.of(byStream),
                streams.blockers(),
                machine.caches().stream().filter(CacheFigures::wasUsed).toList(),
                timed.resources().stream().map(r -> r.statistics(span)).toList(),
                series.figures(span));
    }

    private static PageCounters pages(List<StreamFigures> streams, Latencies latencies, MachineFigures machine) {
        long transactions = latencies.all().count();
        long misses = latencies.count(Outcome.MISS);
        return new PageCounters(
                streams.stream().mapToLong(StreamFigures::bytes).sum(),
                transactions,
                transactions + latencies.count(Outcome.MERGED) + misses,
                misses,
                machine.invalidations(),
                machine.structureReads() + machine.stage1Reads() + machine.stage2Reads());
    }
}
