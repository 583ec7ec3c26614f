// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.util.concurrent.TimeUnit;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
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
 * An invalidation through the command or invalidation queue, with the command that waits for it and the doorbell, in an IOTLB that
 * is half full of the pages of eight streams. Before each invocation the dropped pages are translated again, which is not measured.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Thread)
public class InvalidationBenchmark {
    private static final int STREAMS = 8;
    /** As many as streams: no set is ever short of them. */
    private static final int WAYS = STREAMS;

    /** Who invalidates. */
    @Param
    public Architecture architecture;

    /** Entries of the IOTLB. */
    @Param({"64", "4096", "65536"})
    public int entries;

    private BenchmarkMachine machine;
    private Invalidation invalidation;
    private Traffic traffic;
    private int pages;
    private int log2Range;
    private long rounds;
    private long expected;

    /** Sets the machine up. */
    @Setup(Level.Trial)
    public void setUp() {
        CacheGeometry iotlb = CacheGeometry.of(entries / WAYS, WAYS, ReplacementPolicy.LRU);
        CacheConfiguration caches = CacheConfiguration.standard().withIotlb(iotlb);
        pages = entries / 2 / STREAMS;
        log2Range = Integer.numberOfTrailingZeros(pages / 2);
        machine = architecture.machine(Workload.of(caches, STREAMS, pages));
        invalidation = machine.invalidation();
        traffic = new Traffic(machine, Traffic.cyclic(entries / 2), STREAMS);
        traffic.warmUp();
        machine.resetCounters();
    }

    /** Translates again what was dropped. */
    @Setup(Level.Invocation)
    public void refill() {
        traffic.round();
        rounds++;
    }

    /** Every command dropped as many entries as it names; each had to be filled again. */
    @TearDown(Level.Invocation)
    public void countDropped() {
        BenchmarkMachine.require("dropped", expected, machine.iotlb().invalidations());
        BenchmarkMachine.require(
                "in the IOTLB",
                entries / 2 - expectedOfOne(),
                machine.unit().iotlb().cache().size());
        BenchmarkMachine.require("translated", traffic.sent(), machine.translated());
        BenchmarkMachine.require(
                "refilled", expected - expectedOfOne(), machine.iotlb().misses());
    }

    private long expectedOfOne() {
        return expected / rounds;
    }

    /** Closes the machine. */
    @TearDown(Level.Trial)
    public void tearDown() {
        machine.close();
    }

    /** One page of each stream, one after the other: SMMUv3 by address and ASID, VT-d by page of a domain or PASID. */
    @Benchmark
    @OperationsPerInvocation(STREAMS)
    public void page() {
        for (int stream = 0; stream < STREAMS; stream++) {
            invalidation.page(stream, BenchmarkMachine.FIRST_ADDRESS);
        }
        expected += STREAMS;
    }

    /** Half of the pages of each stream, as one range. */
    @Benchmark
    @OperationsPerInvocation(STREAMS)
    public void range() {
        for (int stream = 0; stream < STREAMS; stream++) {
            invalidation.range(stream, BenchmarkMachine.FIRST_ADDRESS, log2Range);
        }
        expected += (long) STREAMS << log2Range;
    }

    /** The address space of each stream: by ASID, domain or PASID. */
    @Benchmark
    @OperationsPerInvocation(STREAMS)
    public void space() {
        for (int stream = 0; stream < STREAMS; stream++) {
            invalidation.space(stream);
        }
        expected += (long) STREAMS * pages;
    }

    /** Everything. */
    @Benchmark
    public void everything() {
        invalidation.everything();
        expected += entries / 2;
    }
}
