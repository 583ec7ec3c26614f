// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * As many streams and substreams as a large machine has, all of them live, over memory that spans 1 TiB: each of up to 65,536
 * streams has 16 substreams, each of these an address space of 16 pages. What a stream needs - 16 CDs and 16 small tables - is in
 * a page of its own; a page of every substream is mapped, to a place that a formula gives.
 */
class ScaleTest {
    private static final int SUBSTREAMS = 16;
    private static final int SPLIT = 8;
    private static final long TERABYTE = 1L << 40;
    private static final long L1_TABLE = 0x10_0000;
    private static final long ARRAYS = 0x40_0000;
    private static final long STREAM_PAGES = 0x80_0000;
    private static final int STE_BYTES = 64;
    private static final int CD_BYTES = 64;
    private static final int TABLE_BYTES = 128;
    /** A page, accessed, not global, inner shareable, both privileges. */
    private static final long LEAF = 3 | 1 << 6 | 3 << 8 | 1 << 10 | 1 << 11;

    /** Which of its 16 pages a substream has mapped. */
    private static long input(int stream, int substream) {
        return (long) ((substream ^ stream) & 15) << 12;
    }

    /** Where that is: a different page below 1 TiB for each. */
    private static long output(int stream, int substream) {
        return ((stream * 16L + substream) * 0x9E3_7795L & (1 << 28) - 1) << 12;
    }

    @ParameterizedTest
    @ValueSource(ints = {4096, 65_536})
    void shouldTranslateForEverySubstreamInMemoryAsLargeAsThePagesTouched(int count) {
        try (Machine t = new Machine(count)) {
            t.build();
            for (int stream = 0; stream < count; stream++) {
                for (int substream = 0; substream < SUBSTREAMS; substream++) {
                    t.check(stream, substream);
                }
            }
            SplittableRandom random = new SplittableRandom(65_536);
            for (int i = 0; i < 1 << 17; i++) {
                t.check(random.nextInt(count), random.nextInt(SUBSTREAMS));
            }

            // One page for each stream, four for each array of 256 STEs, one for the level 1 table.
            int pages = count + count / 256 * 4 + 1;
            long slab = 1 << 20;
            assertThat(t.memory.pages()).isEqualTo(pages);
            assertThat(t.memory.bytesAllocated()).isBetween(pages * 4096L, pages * 4096L + slab);
            assertThat(t.smmu.unit().translated()).isEqualTo((long) count * SUBSTREAMS + (1 << 17));
        }
    }

    /** An SMMU with its streams. */
    private static final class Machine implements AutoCloseable {
        private final int streams;
        private final PhysicalMemory memory = new PhysicalMemory();
        private final SmmuV3 smmu =
                new SmmuV3(memory, SmmuFeatures.full(), CacheConfiguration.standard(), InterruptSink.NONE);
        private final Transaction transaction = new Transaction();
        private final Verdict verdict = new Verdict();

        Machine(int streams) {
            this.streams = streams;
        }

        private long arrayAt(int stream) {
            return (long) (stream >>> SPLIT) * (TERABYTE / streams << SPLIT) + ARRAYS;
        }

        private long pageAt(int stream) {
            return stream * (TERABYTE / streams) + STREAM_PAGES;
        }

        void build() {
            for (int stream = 0; stream < streams; stream++) {
                if ((stream & (1 << SPLIT) - 1) == 0) {
                    memory.writeLong(L1_TABLE + (stream >>> SPLIT) * 8L, arrayAt(stream) | SPLIT + 1);
                }
                long page = pageAt(stream);
                long ste = arrayAt(stream) + (long) (stream & (1 << SPLIT) - 1) * STE_BYTES;
                // V, stage 1, S1ContextPtr, S1CDMax 4; S2VMID tells the streams' ASIDs apart.
                memory.writeLong(ste, 1 | 5 << 1 | page | 4L << 59);
                memory.writeLong(ste + 16, stream);
                for (int substream = 0; substream < SUBSTREAMS; substream++) {
                    long table = page + SUBSTREAMS * CD_BYTES + (long) substream * TABLE_BYTES;
                    long cd = page + (long) substream * CD_BYTES;
                    // T0SZ 48, EPD1, V, IPS 48 bits, AA64, R, A, ASID.
                    memory.writeLong(
                            cd,
                            48
                                    | 1L << 30
                                    | 1L << 31
                                    | 5L << 32
                                    | 1L << 41
                                    | 1L << 45
                                    | 1L << 46
                                    | (long) substream << 48);
                    memory.writeLong(cd + 8, table);
                    memory.writeLong(cd + 24, 0xFF);
                    memory.writeLong(table + (input(stream, substream) >>> 9), output(stream, substream) | LEAF);
                }
            }
            // LOG2SIZE, SPLIT, two levels; translation on, no queues.
            smmu.writeRegister(0x80, 8, L1_TABLE);
            smmu.writeRegister(0x88, 4, 31 - Integer.numberOfLeadingZeros(streams) | SPLIT << 6 | 1 << 16);
            smmu.writeRegister(0x20, 4, 1);
        }

        void check(int stream, int substream) {
            long input = input(stream, substream) + 0x123;
            smmu.translate(transaction.set(stream, substream, input, Access.READ), verdict);
            if (!verdict.isOk() || verdict.address() != output(stream, substream) + 0x123) {
                throw new AssertionError("stream " + stream + ", substream " + substream + ": " + verdict.rule()
                        + ", 0x" + Long.toHexString(verdict.address()));
            }
        }

        @Override
        public void close() {
            memory.close();
        }
    }
}
