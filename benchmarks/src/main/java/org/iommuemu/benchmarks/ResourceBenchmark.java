// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.util.concurrent.TimeUnit;
import org.iommuemu.time.Bandwidth;
import org.iommuemu.time.ByteRate;
import org.iommuemu.time.InOrderWindow;
import org.iommuemu.time.Pipeline;
import org.iommuemu.time.RandomStream;
import org.iommuemu.time.Resource;
import org.iommuemu.time.SerialRegions;
import org.iommuemu.time.Slots;
import org.iommuemu.time.Waiter;
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
 * One reservation. They come every nanosecond in the mean, as many as the resource can just serve (95 %), each for a time up to
 * 200 ns after the one before: in order of time or not.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ResourceBenchmark {
    private static final int BATCH = 1024;
    private static final int DRAWN = 1 << 14;
    private static final int LOAD_PERCENT = 95;

    /** When, and for how long relative to the mean. */
    @State(Scope.Thread)
    public static class Arrivals {
        /** Whether in order of time. */
        @Param({"true", "false"})
        public boolean inOrder;

        private final long[] steps = new long[DRAWN];
        private final long[] lags = new long[DRAWN];
        private final long[] amounts = new long[DRAWN];
        private int next;
        private long now;
        private long made;
        private long counted;

        /** Draws them. */
        @Setup(Level.Trial)
        public void setUp() {
            RandomStream random = new RandomStream(1);
            for (int i = 0; i < DRAWN; i++) {
                steps[i] = random.nextExponential(1000);
                lags[i] = inOrder ? 0 : random.nextBelow(200_000);
                amounts[i] = random.nextBelow(2000);
            }
        }

        /** Every reservation was counted. */
        @TearDown(Level.Trial)
        public void tearDown() {
            BenchmarkMachine.require("uses", made, counted);
        }

        long at() {
            next = next + 1 & DRAWN - 1;
            now += steps[next];
            return now + lags[next];
        }

        /** 0 to 2 times the mean. */
        long amount(long mean) {
            return amounts[next] * mean * LOAD_PERCENT / 100_000;
        }

        void count(Waiter who) {
            made += BATCH;
            counted = who.waits().uses();
        }
    }

    /** What is reserved, each with its user. */
    @State(Scope.Thread)
    public static class Resources {
        private final Slots few = new Slots("5 slots", 5);
        private final Waiter ofFew = user(few);
        private final Slots many = new Slots("256 slots", 256);
        private final Waiter ofMany = user(many);
        private final Pipeline pipeline = new Pipeline("pipeline", 2, 2 * LOAD_PERCENT * 10, 5000);
        private final Waiter ofPipeline = user(pipeline);
        private final Bandwidth bandwidth = new Bandwidth("bandwidth", new ByteRate(64, 1000));
        private final Waiter ofBandwidth = user(bandwidth);
        private final InOrderWindow window = new InOrderWindow("window", 8);
        private final Waiter ofWindow = user(window);
        private final SerialRegions regions = new SerialRegions("regions");
        private final Waiter ofRegions = user(regions);

        private static Waiter user(Resource resource) {
            return resource.waiter("benchmark");
        }
    }

    /** One of five slots, for 5 ns in the mean. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long fewSlots(Arrivals arrivals, Resources resources) {
        long last = 0;
        for (int i = 0; i < BATCH; i++) {
            last = resources.few.reserve(resources.ofFew, arrivals.at(), arrivals.amount(5000));
        }
        arrivals.count(resources.ofFew);
        return last;
    }

    /** One of 256 slots, for 256 ns in the mean. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long manySlots(Arrivals arrivals, Resources resources) {
        long last = 0;
        for (int i = 0; i < BATCH; i++) {
            last = resources.many.reserve(resources.ofMany, arrivals.at(), arrivals.amount(256_000));
        }
        arrivals.count(resources.ofMany);
        return last;
    }

    /** Two lanes. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long pipeline(Arrivals arrivals, Resources resources) {
        long last = 0;
        for (int i = 0; i < BATCH; i++) {
            last = resources.pipeline.pass(resources.ofPipeline, arrivals.at());
        }
        arrivals.count(resources.ofPipeline);
        return last;
    }

    /** 64 bytes in the mean, at 64 bytes a nanosecond. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long bandwidth(Arrivals arrivals, Resources resources) {
        long last = 0;
        for (int i = 0; i < BATCH; i++) {
            last = resources.bandwidth.transfer(resources.ofBandwidth, arrivals.at(), arrivals.amount(64));
        }
        arrivals.count(resources.ofBandwidth);
        return last;
    }

    /** Eight inside, for 4 ns in the mean. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long inOrderWindow(Arrivals arrivals, Resources resources) {
        long last = 0;
        for (int i = 0; i < BATCH; i++) {
            long start = resources.window.enter(resources.ofWindow, arrivals.at());
            last = resources.window.leave(start + arrivals.amount(4000));
        }
        arrivals.count(resources.ofWindow);
        return last;
    }

    /** A new region every 128 ns, for 64 ns in the mean: other than with the rest, most do not wait. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long serialRegions(Arrivals arrivals, Resources resources) {
        long last = 0;
        for (int i = 0; i < BATCH; i++) {
            long at = arrivals.at();
            long region = at >>> 17;
            long start = resources.regions.acquire(resources.ofRegions, region, at);
            last = start + arrivals.amount(1000);
            resources.regions.release(region, start, last);
        }
        arrivals.count(resources.ofRegions);
        return last;
    }
}
