// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.iommuemu.replay.ProgressListener;
import org.iommuemu.replay.TraceReplay;
import org.iommuemu.replay.TraceReplaySummary;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceReader;
import org.iommuemu.trace.TraceWriter;
import org.iommuemu.trace.pattern.TracePattern;
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
 * Million DMA records a second of a binary trace of the pattern {@code hyper-tenant}: only read; translated, by one stage with the
 * usual caches or by both with those of {@code hypersio}; and with those, by one stage or both, with time. Each invocation is the
 * whole trace on a new machine, whose making is not measured; mapping is.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(1)
public class TraceReplayBenchmark {
    private static final int RECORDS = 1_500_000;

    /** A trace. */
    @State(Scope.Thread)
    public static class Trace {
        /** Devices. */
        @Param({"1", "64", "1024"})
        public int tenants;

        private Path file = Path.of("");
        TraceReader trace;

        /** Makes it up. */
        @Setup(Level.Trial)
        public void generate() throws IOException {
            file = Files.createTempFile("replay", ".trace");
            TracePattern.Parameters parameters = new TracePattern.Parameters(tenants, RECORDS, 1);
            try (TraceWriter out = TraceEncoding.BINARY.create(file, "")) {
                TracePattern.HYPER_TENANT.write(parameters, out);
            }
        }

        /** Opens it. */
        @Setup(Level.Invocation)
        public void open() {
            trace = TraceEncoding.open(file);
        }

        /** Closes it. */
        @TearDown(Level.Invocation)
        public void close() {
            trace.close();
        }

        /** Removes it. */
        @TearDown(Level.Trial)
        public void delete() throws IOException {
            Files.delete(file);
        }
    }

    /** A trace and a machine. */
    @State(Scope.Thread)
    public abstract static class Replayed extends Trace {
        /** Stages of translation. */
        @Param
        public StageLayout stages;

        TraceReplay replay;

        abstract TraceReplay machine();

        /** Makes a machine in reset. */
        @Setup(Level.Invocation)
        public void setUp() {
            replay = machine();
        }

        /** Every address agreed. */
        @TearDown(Level.Invocation)
        public void tearDown() {
            TraceReplaySummary summary = replay.summary("");
            BenchmarkMachine.require(
                    "addresses compared", RECORDS, summary.machine().addresses().compared());
            if (!summary.agrees()) {
                throw new IllegalStateException("addresses disagree");
            }
            replay.close();
        }
    }

    /** Without time. */
    @State(Scope.Thread)
    public static class Functional extends Replayed {
        @Override
        TraceReplay machine() {
            CacheConfiguration caches = stages == StageLayout.STAGE_1
                    ? CacheConfiguration.standard()
                    : MachineParameters.caches(Presets.named("hypersio"));
            return new TraceReplay(caches, stages);
        }
    }

    /** With time. */
    @State(Scope.Thread)
    public static class Timed extends Replayed {
        private final Settings settings = Presets.named("hypersio");

        @Override
        TraceReplay machine() {
            TraceReplay made = new TraceReplay(MachineParameters.caches(settings), stages);
            made.time(settings, 0, MeasureWindow.EVERYTHING, null);
            return made;
        }
    }

    /** Goes through the file. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public long read(Trace state) {
        long sum = 0;
        while (state.trace.next()) {
            sum += state.trace.record().iova() + state.trace.record().address();
        }
        return sum;
    }

    /** Translates every record. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public void functional(Functional state) {
        state.replay.run(state.trace, ProgressListener.NONE);
    }

    /** The same, each with its time. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public void timed(Timed state) {
        state.replay.run(state.trace, ProgressListener.NONE);
    }
}
