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
import org.iommuemu.trace.pattern.TracePattern;
import org.iommuemu.trace.TraceReader;
import org.iommuemu.trace.TraceWriter;
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
 * DMA records a second of a binary trace of the pattern {@code hyper-tenant}: only read; translated by the first stage with the usual
 * caches; translated by both stages with the caches of {@code hypersio}; and with those, by one stage or both, with time. Each invocation is the whole trace on a new
 * machine, whose making is not measured; mapping is.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(1)
@State(Scope.Thread)
public class TraceReplayBenchmark {
    private static final int RECORDS = 1_500_000;

    /** Devices. */
    @Param({"1", "64", "1024"})
    public int tenants;

    private final Settings settings = Presets.named("hypersio");
    private Path file = Path.of("");
    private TraceReader trace;
    private TraceReplay stage1;
    private TraceReplay nested;
    private TraceReplay timed;
    private TraceReplay timedNested;

    /** Makes the trace up. */
    @Setup(Level.Trial)
    public void generate() throws IOException {
        file = Files.createTempFile("replay", ".trace");
        TracePattern.Parameters parameters = new TracePattern.Parameters(tenants, RECORDS, 1);
        try (TraceWriter out = TraceEncoding.BINARY.create(file, "")) {
            TracePattern.HYPER_TENANT.write(parameters, out);
        }
    }

    /** Opens the trace, and makes machines in reset. */
    @Setup(Level.Invocation)
    public void setUp() {
        trace = TraceEncoding.open(file);
        stage1 = new TraceReplay(CacheConfiguration.standard(), StageLayout.STAGE_1);
        nested = new TraceReplay(MachineParameters.caches(settings), StageLayout.NESTED);
        timed = timed(StageLayout.STAGE_1);
        timedNested = timed(StageLayout.NESTED);
    }

    private TraceReplay timed(StageLayout stages) {
        TraceReplay replay = new TraceReplay(MachineParameters.caches(settings), stages);
        replay.time(settings, 0, MeasureWindow.EVERYTHING, null);
        return replay;
    }

    /** Every address agreed, of whichever machine was used. */
    @TearDown(Level.Invocation)
    public void tearDown() {
        trace.close();
        long compared = 0;
        for (TraceReplay replay : new TraceReplay[] {stage1, nested, timed, timedNested}) {
            TraceReplaySummary summary = replay.summary("");
            if (!summary.agrees()) {
                throw new IllegalStateException("addresses disagree");
            }
            compared += summary.machine().addresses().compared();
            replay.close();
        }
        if (compared % RECORDS != 0 || compared > RECORDS) {
            throw new IllegalStateException(compared + " addresses compared, expected " + RECORDS + " or none");
        }
    }

    /** Removes the trace. */
    @TearDown(Level.Trial)
    public void delete() throws IOException {
        Files.delete(file);
    }

    /** Goes through the file. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public long read() {
        long sum = 0;
        while (trace.next()) {
            sum += trace.record().iova() + trace.record().address();
        }
        return sum;
    }

    /** First stage, usual caches. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public void functional() {
        stage1.run(trace, ProgressListener.NONE);
    }

    /** Both stages, caches of the preset. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public void functionalNested() {
        nested.run(trace, ProgressListener.NONE);
    }

    /** First stage, caches of the preset, with time. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public void timed() {
        timed.run(trace, ProgressListener.NONE);
    }

    /** Both stages, caches of the preset, with time. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public void timedNested() {
        timedNested.run(trace, ProgressListener.NONE);
    }
}
