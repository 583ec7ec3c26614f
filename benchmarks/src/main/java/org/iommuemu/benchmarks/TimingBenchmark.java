// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.util.concurrent.TimeUnit;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to give a transaction its time, and to measure it. 64 streams of 32 pages in shuffled order, an IOTLB that holds all
 * of them or half; a transaction begins 100 ns after the one before.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class TimingBenchmark {
    private static final int STREAMS = 64;
    private static final int PAGES = 32;
    private static final int BATCH = STREAMS * PAGES;
    private static final int BYTES = 64;
    private static final long INTERVAL = 100_000;

    /** What is done with a transaction. */
    public enum Depth {
        /** It is translated. */
        FUNCTION,
        /** Its time is found too. */
        TIME,
        /** And it is measured. */
        MEASURE
    }

    /** A machine with times and a measurement. */
    @State(Scope.Thread)
    public static class Timed {
        /** Who translates. */
        @Param("SMMUV3")
        public Architecture architecture;

        /** Entries of the IOTLB. */
        @Param({"4096", "1024"})
        public int entries;

        /** How much is done. */
        @Param
        public Depth depth;

        private final Transaction transaction = new Transaction();
        private final Verdict verdict = new Verdict();
        private final Journey journey = new Journey();
        private BenchmarkMachine machine;
        private TimedTranslation timed;
        private org.iommuemu.measure.Measurement measurement;
        private int[] order;
        private long sent;

        @Setup(Level.Trial)
        public void setUp() {
            Settings settings =
                    Presets.NOTHING.with(Parameter.IOTLB_ENTRIES, "" + entries).with(Parameter.IOTLB_WAYS, "4");
            machine = architecture.machine(Workload.of(MachineParameters.caches(settings), STREAMS, PAGES));
            order = Traffic.shuffled(BATCH);
            if (depth != Depth.FUNCTION) {
                timed = new TimedTranslation(
                        machine.iommu(), machine.unit(), machine::observe, MachineParameters.timing(settings));
                measurement = new org.iommuemu.measure.Measurement(timed, null, machine.unit(), h -> h, settings);
            }
            machine.resetCounters();
        }

        long batch() {
            long sum = 0;
            for (int next : order) {
                transaction.set(
                        next % STREAMS, Transaction.NO_SUBSTREAM, machine.addressOf(next / STREAMS), Access.READ);
                if (depth == Depth.FUNCTION) {
                    machine.iommu().translate(transaction, verdict);
                } else {
                    journey.clear();
                    long at = sent * INTERVAL;
                    long end = timed.translate(transaction, BYTES, at, verdict, journey);
                    if (depth == Depth.MEASURE) {
                        measurement.record(transaction, BYTES, at, end, verdict, journey);
                    }
                    sum += end;
                }
                sent++;
                sum += verdict.address();
            }
            return sum;
        }

        /** Everything was translated, and everything measured. */
        @TearDown(Level.Trial)
        public void tearDown() {
            BenchmarkMachine.require("translated", sent, machine.translated());
            if (depth == Depth.MEASURE) {
                BenchmarkMachine.require(
                        "measured",
                        sent,
                        measurement
                                .report(0, org.iommuemu.measure.MeasureWindow.EVERYTHING)
                                .transactions());
            }
            machine.close();
        }
    }

    /** One transaction. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long transaction(Timed state) {
        return state.batch();
    }
}
