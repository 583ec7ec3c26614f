// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryQueueTest {
    private final MemoryQueue queue = new MemoryQueue(16);

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 24, -1})
    void shouldRefuseAnEntrySizeThatIsNoPowerOfTwo(int bytes) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MemoryQueue(bytes))
                .withMessageContaining(" " + bytes + " ");
    }

    @ParameterizedTest(name = "2^{1} entries of {0} bytes")
    @CsvSource({
        "16, 0, 0xFFFFFFFFFFFE0",
        "16, 1, 0xFFFFFFFFFFFE0",
        "16, 2, 0xFFFFFFFFFFFC0",
        "32, 0, 0xFFFFFFFFFFFE0",
        "32, 1, 0xFFFFFFFFFFFC0",
        "16, 19, 0xFFFFFFF800000",
        "32, 20, 0xFFFFFFE000000"
    })
    void shouldAlignTheBaseToItsSizeAndTo32Bytes(int entryBytes, int log2, String base) {
        MemoryQueue q = new MemoryQueue(entryBytes);

        q.placeAligned(0xF_FFFF_FFFF_FFFFL, log2);

        assertThat(q.base()).isEqualTo(Long.decode(base));
        assertThat(q.capacity()).isEqualTo((int) Math.pow(2, log2));
    }

    @Test
    void shouldTakeABaseThatIsNotAlignedToItsSizeAsItIs() {
        MemoryQueue q = new MemoryQueue(32, false);

        q.place(0x1000, 9, 16);

        assertThat(q.base()).isEqualTo(0x1000);
        assertThat(q.addressOf(511)).isEqualTo(0x2FF0);
        assertThat(q.addressOf(512)).as("wrapped").isEqualTo(0x1000);
    }

    @Test
    void shouldBeEmptyWhenTheIndexesAreEqual() {
        queue.place(0, 3);
        queue.producer(13);
        queue.consumer(13);

        assertThat(queue.isEmpty()).isTrue();
        assertThat(queue.isReadable()).isFalse();
        assertThat(queue.isFull()).isFalse();
        assertThat(queue.size()).isZero();
    }

    @Test
    void shouldBeFullWhenTheWrapBitsAloneDiffer() {
        queue.place(0, 3);
        queue.producer(5);
        queue.consumer(13);

        assertThat(queue.isFull()).isTrue();
        assertThat(queue.isReadable()).isTrue();
        assertThat(queue.size()).isEqualTo(8);
    }

    @Test
    void shouldHoldOneEntryWhenItsSizeIsOne() {
        queue.place(0x1000, 0);

        queue.advanceProducer();

        assertThat(queue.isFull()).isTrue();
        assertThat(queue.producer()).isEqualTo(1);
        assertThat(queue.producerAddress()).isEqualTo(0x1000);
        queue.advanceConsumer();
        queue.advanceProducer();
        assertThat(queue.producer()).isZero();
        assertThat(queue.isFull()).isTrue();
    }

    @Test
    void shouldNeitherBeEmptyNorReadableWhenTheIndexesAreInconsistent() {
        queue.place(0, 3);
        queue.consumer(4);
        queue.producer(1);

        assertThat(queue.size()).isEqualTo(13);
        assertThat(queue.isEmpty()).isFalse();
        assertThat(queue.isReadable()).isFalse();
        assertThat(queue.isFull()).isTrue();
        assertThat(queue.highWater()).isZero();
    }

    @Test
    void shouldDropBitsBeyondTheWrapBit() {
        queue.place(0, 3);
        queue.producer(0x8000_0000 | 0x1F);
        queue.consumer(-1);

        assertThat(queue.producer()).isEqualTo(15);
        assertThat(queue.consumer()).isEqualTo(15);
    }

    @Test
    void shouldCutTheIndexesWhenItIsPlacedSmaller() {
        queue.place(0, 5);
        queue.producer(37);
        queue.consumer(36);

        queue.place(0, 1);

        assertThat(queue.producer()).isEqualTo(1);
        assertThat(queue.consumer()).isZero();
    }

    @Test
    void shouldNotCountIndexesThatSoftwareSets() {
        queue.place(0, 3);

        queue.producer(4);
        queue.consumer(2);

        assertThat(queue.produced()).isZero();
        assertThat(queue.consumed()).isZero();
        assertThat(queue.highWater()).isEqualTo(4);
    }

    @Test
    void shouldFindEntriesByTheIndexWithoutTheWrapBit() {
        queue.place(0x4000, 3);

        assertThat(queue.addressOf(0)).isEqualTo(0x4000);
        assertThat(queue.addressOf(7)).isEqualTo(0x4070);
        assertThat(queue.addressOf(8)).isEqualTo(0x4000);
        assertThat(queue.addressOf(15)).isEqualTo(0x4070);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldAgreeWithAListOfAddressesAtEveryStep(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int log2 = 0; log2 <= 6; log2++) {
            int capacity = (int) Math.pow(2, log2);
            int entryBytes = random.nextBoolean() ? 16 : 32;
            long base = random.nextLong(1L << 30) * 4096;
            MemoryQueue q = new MemoryQueue(entryBytes);
            q.place(base, log2);
            Deque<Long> held = new ArrayDeque<>();
            long produced = 0;
            long consumed = 0;
            int most = 0;
            for (int step = 0; step < 2_000; step++) {
                boolean produce = random.nextInt(100) < (step / 200 % 2 == 0 ? 70 : 30);
                if (produce && held.size() < capacity) {
                    assertThat(q.producerAddress()).isEqualTo(base + produced % capacity * entryBytes);
                    held.add(q.producerAddress());
                    q.advanceProducer();
                    produced++;
                } else if (!produce && !held.isEmpty()) {
                    assertThat(q.consumerAddress()).isEqualTo(held.remove());
                    q.advanceConsumer();
                    consumed++;
                }
                most = Math.max(most, held.size());
                assertThat(q.size()).isEqualTo(held.size());
                assertThat(q.isEmpty()).isEqualTo(held.isEmpty());
                assertThat(q.isReadable()).isEqualTo(!held.isEmpty());
                assertThat(q.isFull()).isEqualTo(held.size() == capacity);
                assertThat(q.producer()).isEqualTo((int) (produced % (2L * capacity)));
                assertThat(q.consumer()).isEqualTo((int) (consumed % (2L * capacity)));
            }
            assertThat(q.produced()).isEqualTo(produced);
            assertThat(q.consumed()).isEqualTo(consumed);
            assertThat(q.highWater()).isEqualTo(most);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4})
    void shouldClassifyEveryPairOfIndexes(int log2) {
        queue.place(0, log2);
        int indexes = 2 << log2;
        for (int producer = 0; producer < indexes; producer++) {
            for (int consumer = 0; consumer < indexes; consumer++) {
                queue.producer(producer);
                queue.consumer(consumer);
                int size = (producer + indexes - consumer) % indexes;

                assertThat(queue.size()).isEqualTo(size);
                assertThat(queue.isEmpty()).isEqualTo(size == 0);
                assertThat(queue.isFull()).isEqualTo(size >= indexes / 2);
                assertThat(queue.isReadable()).isEqualTo(size > 0 && size <= indexes / 2);
            }
        }
    }
}
