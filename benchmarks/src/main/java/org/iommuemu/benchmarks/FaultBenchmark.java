// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.util.concurrent.TimeUnit;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Event;
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
 * Reads of pages whose descriptors are invalid: a miss, a walk of one descriptor from the walk cache, and F_TRANSLATION,
 * written to the event queue or, with CD.R clear, not. Software takes the records away once for every batch.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Thread)
public class FaultBenchmark {
    /** The first page is mapped, so that the tables exist; the others of its table are not. */
    private static final int MAPPED = 1;

    private static final int UNMAPPED = 256;

    /** Whether the fault is recorded. */
    @Param({"true", "false"})
    public boolean recorded;

    private BenchmarkMachine machine;
    private Traffic traffic;
    private long recordedBefore;
    private long refusedBefore;

    /** Sets the machine up and goes round once. */
    @Setup(Level.Trial)
    public void setUp() {
        machine = new BenchmarkMachine(CacheConfiguration.standard(), 1, MAPPED, recorded);
        int[] order = Traffic.shuffled(UNMAPPED);
        for (int i = 0; i < order.length; i++) {
            order[i] += MAPPED;
        }
        traffic = new Traffic(machine, order, 1);
        traffic.warmUp();
        machine.consumeEvents();
        machine.resetCounters();
        recordedBefore = machine.smmu().statistics().recorded(Event.F_TRANSLATION);
        refusedBefore = machine.smmu().unit().refused();
    }

    /** Every transaction was refused; every record, or none, reached memory. */
    @TearDown(Level.Trial)
    public void tearDown() {
        SmmuV3 smmu = machine.smmu();
        long sent = traffic.sent();
        BenchmarkMachine.require("refused", sent, smmu.unit().refused() - refusedBefore);
        BenchmarkMachine.require(
                "records", recorded ? sent : 0, smmu.statistics().recorded(Event.F_TRANSLATION) - recordedBefore);
        BenchmarkMachine.require(
                "records lost",
                0,
                smmu.statistics().eventsOverflowed() + smmu.statistics().eventsDiscarded());
        BenchmarkMachine.require("walk cache hits", sent, machine.walkCache(1).hits());
        machine.close();
    }

    /** A fault. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long fault() {
        long answer = traffic.batch();
        machine.consumeEvents();
        return answer;
    }
}
