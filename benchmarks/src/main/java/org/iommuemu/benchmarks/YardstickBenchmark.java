// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
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
 * What the machine under us charges for the memory accesses alone, so that the other figures can be read as ratios.
 *
 * <p>{@link #probe} looks the keys of {@link HitBenchmark} up, in the same order, in an off-heap table with as many entries of
 * 32 bytes as the IOTLB has, without sets, counters or replacement. {@link #chase} follows a chain of pointers through as many
 * words off-heap as {@link MissBenchmark} has leaf descriptors, shuffled: the next read waits for the last.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class YardstickBenchmark {
    /** A table probed at the key's place. */
    @State(Scope.Thread)
    public static class Table {
        private static final int ENTRY_BYTES = 32;
        private static final int VALUE = 16;
        private static final int PAGE_SHIFT = 12;

        /** Entries of the table. */
        @Param({"64", "256", "1024", "4096", "16384", "65536"})
        public int entries;

        private ByteBuffer table;
        private long[] keys;
        private int next;
        private long probes;
        private long found;

        /** Fills half of the table with the keys. */
        @Setup(Level.Trial)
        public void setUp() {
            table = offHeap(entries * ENTRY_BYTES);
            int[] order = Traffic.shuffled(entries / 2);
            keys = new long[order.length];
            for (int i = 0; i < order.length; i++) {
                keys[i] = BenchmarkMachine.address(order[i]);
                table.putLong(place(keys[i]), keys[i]);
                table.putLong(place(keys[i]) + VALUE, keys[i]);
            }
        }

        /** Every key was there. */
        @TearDown(Level.Trial)
        public void tearDown() {
            BenchmarkMachine.require("keys found", probes, found);
        }

        private int place(long key) {
            return (int) (key >>> PAGE_SHIFT & entries - 1) * ENTRY_BYTES;
        }

        long batch() {
            long sum = 0;
            int hits = 0;
            int end = next + Traffic.BATCH;
            for (int i = next; i < end; i++) {
                int at = place(keys[i]);
                if (table.getLong(at) == keys[i]) {
                    sum += table.getLong(at + VALUE);
                    hits++;
                }
            }
            next = end == keys.length ? 0 : end;
            probes += Traffic.BATCH;
            found += hits;
            return sum;
        }
    }

    /** A chain through every word of a buffer. */
    @State(Scope.Thread)
    public static class Chain {
        /** Words of the buffer. */
        @Param({"512", "65536", "1048576"})
        public int words;

        private ByteBuffer chain;
        private int at;

        /** Links the words to one ring in shuffled order. */
        @Setup(Level.Trial)
        public void setUp() {
            chain = offHeap(words * Long.BYTES);
            int[] order = Traffic.shuffled(words);
            for (int i = 0; i < words; i++) {
                chain.putLong(order[i] * Long.BYTES, (long) order[(i + 1) % words] * Long.BYTES);
            }
            at = order[0] * Long.BYTES;
        }

        /** The chain leads back to where it started after as many steps as there are words, not before. */
        @TearDown(Level.Trial)
        public void tearDown() {
            int start = at;
            int length = 0;
            do {
                step(1);
                length++;
            } while (at != start);
            BenchmarkMachine.require("length of the chain", words, length);
        }

        long step(int count) {
            int place = at;
            for (int i = 0; i < count; i++) {
                place = (int) chain.getLong(place);
            }
            at = place;
            return place;
        }
    }

    private static ByteBuffer offHeap(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    /** An independent probe. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long probe(Table table) {
        return table.batch();
    }

    /** A dependent read. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long chase(Chain chain) {
        return chain.step(Traffic.BATCH);
    }
}
