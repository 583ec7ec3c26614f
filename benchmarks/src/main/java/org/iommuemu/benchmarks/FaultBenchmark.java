// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.util.concurrent.TimeUnit;
import org.iommuemu.iommu.CacheConfiguration;
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
 * Reads of pages whose table entries are invalid: a miss, a walk of one entry from the walk cache, and a fault, recorded or not.
 * Of SMMUv3 it is F_TRANSLATION, written to the event queue or, with CD.R clear, not; software takes the records away once for
 * every batch. Of VT-d it is reason 6h or 71h, in a fault recording register or, with FPD set, not; software clears them one by
 * one whenever all eight are full.
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

    /** Who refuses. */
    @Param
    public Architecture architecture;

    /** Whether the fault is recorded. */
    @Param({"true", "false"})
    public boolean recorded;

    private BenchmarkMachine machine;
    private Traffic traffic;
    private int room;
    private long recordedBefore;
    private long lostBefore;
    private long refusedBefore;

    /** Sets the machine up and goes round once. */
    @Setup(Level.Trial)
    public void setUp() {
        Workload workload = Workload.of(CacheConfiguration.standard(), 1, MAPPED);
        machine = architecture.machine(workload.recording(recorded));
        room = recorded ? Math.min(machine.recordRoom(), Traffic.BATCH) : Traffic.BATCH;
        int[] order = Traffic.shuffled(UNMAPPED);
        for (int i = 0; i < order.length; i++) {
            order[i] += MAPPED;
        }
        traffic = new Traffic(machine, order, 1);
        traffic.warmUp();
        machine.takeRecords();
        machine.resetCounters();
        recordedBefore = machine.recorded();
        lostBefore = machine.lost();
        refusedBefore = machine.unit().refused();
    }

    /** Every transaction was refused; every record, or none, reached memory. */
    @TearDown(Level.Trial)
    public void tearDown() {
        long sent = traffic.sent();
        BenchmarkMachine.require("refused", sent, machine.unit().refused() - refusedBefore);
        BenchmarkMachine.require("records", recorded ? sent : 0, machine.recorded() - recordedBefore);
        BenchmarkMachine.require("records lost", 0, machine.lost() - lostBefore);
        BenchmarkMachine.require("walk cache hits", sent, machine.walkCache(1).hits());
        machine.close();
    }

    /** A fault. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long fault() {
        long answer = 0;
        for (int sent = 0; sent < Traffic.BATCH; sent += room) {
            answer += traffic.send(room);
            machine.takeRecords();
        }
        return answer;
    }
}
