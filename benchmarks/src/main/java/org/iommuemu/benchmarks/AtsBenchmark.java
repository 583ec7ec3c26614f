// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.util.concurrent.TimeUnit;
import org.iommuemu.cache.CacheCounters;
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
 * A device with an address translation cache (ATC) of 64 entries and the IOMMU, without the link between them. A hit: the lookup and
 * the read by the translated address. A miss: the lookup, a Translation Request, which hits the IOTLB, its completion and the fill. An
 * invalidation of one page by the queue: the command, the Invalidate Request, the lookup for it, its completion and the wait.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class AtsBenchmark {
    private static final int ENTRIES = 64;
    private static final int WAYS = 4;

    /** A device that has been everywhere once. */
    @State(Scope.Thread)
    public abstract static class Device {
        /** Who is asked. */
        @Param
        public Architecture architecture;

        BenchmarkMachine machine;
        AtsDevice device;
        private long[] addresses;
        private int next;
        long sent;

        void setUp(int pages) {
            machine = architecture.machine(
                    Workload.of(CacheConfiguration.standard(), 1, pages).withAts());
            device = new AtsDevice(machine.iommu(), CacheGeometry.of(ENTRIES / WAYS, WAYS, ReplacementPolicy.LRU));
            int[] order = Traffic.shuffled(pages);
            addresses = new long[order.length];
            for (int i = 0; i < order.length; i++) {
                addresses[i] = machine.addressOf(order[i]);
                device.translate(addresses[i]);
            }
            machine.resetCounters();
            device.resetCounters();
        }

        long next() {
            long address = addresses[next];
            next = next + 1 == addresses.length ? 0 : next + 1;
            sent++;
            return address;
        }

        CacheCounters atc() {
            return device.atc().cache().counters();
        }
    }

    /** A working set of half of the ATC. */
    @State(Scope.Thread)
    public static class Hits extends Device {
        /** Fills the ATC. */
        @Setup(Level.Trial)
        public void setUp() {
            setUp(ENTRIES / 2);
        }

        /** Every lookup was a hit, and the IOMMU let every translated read pass. */
        @TearDown(Level.Trial)
        public void tearDown() {
            BenchmarkMachine.require("ATC hits", sent, atc().hits());
            BenchmarkMachine.require("ATC misses", 0, atc().misses());
            BenchmarkMachine.require("forwarded", sent, device.forwarded());
            BenchmarkMachine.require("IOTLB lookups", 0, machine.iotlb().lookups());
            machine.close();
        }
    }

    /** A working set that the IOTLB holds and the ATC does not. */
    @State(Scope.Thread)
    public static class Misses extends Device {
        private static final int PAGES = 1024;

        /** Fills the IOTLB. */
        @Setup(Level.Trial)
        public void setUp() {
            setUp(PAGES);
        }

        /** Every lookup was a miss, and every request a hit of the IOTLB. */
        @TearDown(Level.Trial)
        public void tearDown() {
            BenchmarkMachine.require("ATC misses", sent, atc().misses());
            BenchmarkMachine.require("ATC evictions", sent, atc().evictions());
            BenchmarkMachine.require("Translation Requests", sent, device.requests());
            BenchmarkMachine.require("IOTLB hits", sent, machine.iotlb().hits());
            machine.close();
        }
    }

    /** A working set of half of the ATC, each page of which is asked for again after it was dropped. */
    @State(Scope.Thread)
    public static class Drops extends Device {
        private Invalidation invalidation;

        /** Fills the ATC. */
        @Setup(Level.Trial)
        public void setUp() {
            setUp(ENTRIES / 2);
            invalidation = machine.invalidation();
        }

        /** Fills it again. */
        @Setup(Level.Invocation)
        public void refill() {
            for (int page = 0; page < ENTRIES / 2; page++) {
                device.translate(machine.addressOf(page));
            }
        }

        /** Every command led to one Invalidate Request, and that dropped one entry. */
        @TearDown(Level.Trial)
        public void tearDown() {
            BenchmarkMachine.require("Invalidate Requests", sent, device.invalidations());
            BenchmarkMachine.require("ATC entries dropped", sent, atc().invalidations());
            machine.close();
        }
    }

    /** A translated read. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long hit(Hits state) {
        long sum = 0;
        for (int i = 0; i < Traffic.BATCH; i++) {
            sum += state.device.read(state.next());
        }
        return sum;
    }

    /** A Translation Request and what comes before and after it. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long miss(Misses state) {
        long sum = 0;
        for (int i = 0; i < Traffic.BATCH; i++) {
            sum += state.device.translate(state.next());
        }
        return sum;
    }

    /** An invalidation, from the command to the end of the wait. */
    @Benchmark
    @OperationsPerInvocation(ENTRIES / 2)
    public void invalidate(Drops state) {
        for (int i = 0; i < ENTRIES / 2; i++) {
            state.invalidation.device(0, state.next());
        }
    }
}
