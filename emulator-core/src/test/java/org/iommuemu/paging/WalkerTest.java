// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One rule at a time, on tables written by hand: 4K, T0SZ = 25 (39 bits), so walks start at level 1. */
class WalkerTest {
    private static final long L1 = 0x8000_0000L;
    private static final long L2 = 0x8000_1000L;
    private static final long L3 = 0x8000_2000L;
    private static final long PAGE = 0x1_2345_6000L;
    /** Level 1 index 0x48, level 2 index 0x1A2, level 3 index 0x167. */
    private static final long VA = 0x12_3456_7000L;

    private static final long AT1 = L1 + 8 * 0x48;
    private static final long AT2 = L2 + 8 * 0x1A2;
    private static final long AT3 = L3 + 8 * 0x167;

    private final PhysicalMemory memory = new PhysicalMemory();
    private final TableRoot root = root(48).build();
    private final Walker walker = new Walker(memory, TestStages.walkCaches(CacheGeometry.none()));

    @BeforeEach
    void mapOnePage() {
        memory.writeLong(AT1, L2 | 3);
        memory.writeLong(AT2, L3 | 3);
        memory.writeLong(AT3, PAGE | 3);
    }

    @AfterEach
    void close() {
        memory.close();
    }

    @Test
    void shouldFindThePageOfTheWorkedExample() {
        assertThat(walker.walk(root, VA)).isEqualTo(WalkStatus.OK);

        assertThat(walker.output()).isEqualTo(PAGE);
        assertThat(walker.height()).isZero();
        assertThat(walker.descriptor()).isEqualTo(PAGE | 3);
        assertThat(walker.descriptorAddress()).isEqualTo(AT3);
        assertThat(walker.restrictions()).isZero();
    }

    @Test
    void shouldShowEveryDescriptorToTheObserverInOrder() {
        List<String> seen = new ArrayList<>();
        walker.observe((r, height, address, descriptor) ->
                seen.add(r.format().level(height) + " " + Long.toHexString(address) + " " + (descriptor & 3)));

        walker.walk(root, VA);
        walker.observe(null);
        walker.walk(root, VA);

        assertThat(seen).containsExactly("1 80000240 3", "2 80001d10 3", "3 80002b38 3");
    }

    @Test
    void shouldCountOneReadForEachLevel() {
        walker.walk(root, VA);
        walker.walk(root, VA + 0x1000);

        assertThat(walker.walks()).isEqualTo(2);
        assertThat(reads(walker)).containsExactly(2L, 2L, 2L, 0L, 0L);
    }

    @ParameterizedTest
    @CsvSource({"0", "2", "0xFFFFFFFFFFFFFFFC", "1"})
    void shouldStopAtAnInvalidDescriptorOfTheLastLevel(String descriptor) {
        memory.writeLong(AT3, Long.parseUnsignedLong(descriptor.replace("0x", ""), descriptor.length() > 2 ? 16 : 10));

        assertThat(walker.walk(root, VA)).isEqualTo(WalkStatus.INVALID_DESCRIPTOR);
        assertThat(walker.height()).isZero();
        assertThat(walker.descriptorAddress()).isEqualTo(AT3);
    }

    @Test
    void shouldStopAtATableThatDoesNotAnswer() {
        memory.mark(L2, 0x1000, RangeState.ABSENT);

        assertThat(walker.walk(root, VA)).isEqualTo(WalkStatus.EXTERNAL_ABORT);
        assertThat(walker.height()).isEqualTo(1);
        assertThat(walker.descriptorAddress()).isEqualTo(AT2);
        assertThat(reads(walker)).containsExactly(0L, 1L, 1L, 0L, 0L);
    }

    @Test
    void shouldFollowATableAgainWhenItAnswersAgain() {
        memory.mark(L2, 0x1000, RangeState.POISONED);
        walker.walk(root, VA);
        memory.mark(L2, 0x1000, RangeState.PRESENT);

        assertThat(walker.walk(root, VA)).isEqualTo(WalkStatus.OK);
    }

    @Test
    void shouldRefuseATableBeyondTheOutputSizeWithoutReadingIt() {
        memory.writeLong(AT1, 1L << 40 | L2 | 3);

        assertThat(walker.walk(root(40).build(), VA)).isEqualTo(WalkStatus.ADDRESS_SIZE);
        assertThat(walker.height()).isEqualTo(2);
        assertThat(reads(walker)).containsExactly(0L, 0L, 1L, 0L, 0L);
    }

    @Test
    void shouldRefuseAPageBeyondTheOutputSize() {
        memory.writeLong(AT3, 1L << 40 | PAGE | 3);

        assertThat(walker.walk(root(40).build(), VA)).isEqualTo(WalkStatus.ADDRESS_SIZE);
        assertThat(walker.walk(root(41).build(), VA)).isEqualTo(WalkStatus.OK);
    }

    @Test
    void shouldReportAnInvalidDescriptorRatherThanItsAddress() {
        memory.writeLong(AT3, 1L << 40 | PAGE | 1);

        assertThat(walker.walk(root(40).build(), VA)).isEqualTo(WalkStatus.INVALID_DESCRIPTOR);
    }

    @Test
    void shouldIgnoreAddressBitsBelowABlock() {
        memory.writeLong(AT2, 0x1_2345_F000L | 1);

        assertThat(walker.walk(root, VA)).isEqualTo(WalkStatus.OK);
        assertThat(walker.height()).isEqualTo(1);
        assertThat(walker.output()).isEqualTo(0x1_2340_0000L);
    }

    @Test
    void shouldAccumulateRestrictionsOverAllTables() {
        memory.writeLong(AT1, L2 | 3 | 1L << 59);
        memory.writeLong(AT2, L3 | 3 | 1L << 62 | 1L << 63);

        walker.walk(root, VA);

        assertThat(walker.restrictions()).isEqualTo(1L << 59 | 1L << 62);
    }

    @Test
    void shouldForgetTheRestrictionsOfAnEarlierWalk() {
        memory.writeLong(AT2, L3 | 3 | 15L << 59);
        walker.walk(root, VA);
        memory.writeLong(AT2, L3 | 3);

        walker.walk(root, VA);

        assertThat(walker.restrictions()).isZero();
    }

    @Test
    void shouldIgnoreRestrictionsWhenToldSo() {
        memory.writeLong(AT1, L2 | 3 | 15L << 59);

        walker.walk(root(48).hierarchyIgnored(true).build(), VA);

        assertThat(walker.restrictions()).isZero();
    }

    @Test
    void shouldReadDescriptorsBigEndian() {
        memory.writeLong(AT1, Long.reverseBytes(L2 | 3));
        memory.writeLong(AT2, Long.reverseBytes(PAGE & -(1L << 21) | 1));

        assertThat(walker.walk(root(48).bigEndian(true).build(), VA)).isEqualTo(WalkStatus.OK);
        assertThat(walker.descriptor()).isEqualTo(PAGE & -(1L << 21) | 1);
    }

    @Test
    void shouldTranslateTheUpperRangeByItsLowBits() {
        TableRoot upper = root(48).upper(true).build();

        assertThat(walker.walk(upper, VA | -(1L << 39))).isEqualTo(WalkStatus.OK);
        assertThat(walker.output()).isEqualTo(PAGE);
    }

    @ParameterizedTest(name = "{0} bits from level 1")
    @CsvSource({"40, 512", "41, 1536", "43, 8191"})
    void shouldIndexConcatenatedTablesByAllBitsThatAreLeft(int inputBits, int index) {
        TableRoot concatenated = root(48).inputBits(inputBits).startHeight(2).build();
        memory.writeLong(L1 + 8L * index, 5L << 30 | 1);

        assertThat(walker.walk(concatenated, (long) index << 30)).isEqualTo(WalkStatus.OK);
        assertThat(walker.output()).isEqualTo(5L << 30);
    }

    @Test
    void shouldAllocateNothingPerWalk() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Walker cached =
                new Walker(memory, TestStages.walkCaches(CacheGeometry.fullyAssociative(16, ReplacementPolicy.LRU)));
        walkOften(cached, 100_000);
        long before = threads.getCurrentThreadAllocatedBytes();

        walkOften(cached, 500_000);

        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(4096);
    }

    private void walkOften(Walker w, int times) {
        for (int i = 0; i < times; i++) {
            w.walk(root, VA + ((i & 3) << 12));
            walker.walk(root, VA + ((long) (i & 3) << 30));
        }
    }

    private static TableRoot.Builder root(int outputBits) {
        return TableRoot.builder(Aarch64Stage1.format(12, false))
                .base(L1)
                .inputBits(39)
                .outputBits(outputBits);
    }

    private static List<Long> reads(Walker walker) {
        List<Long> byHeight = new ArrayList<>();
        for (int height = 0; height < 5; height++) {
            byHeight.add(walker.accesses(height));
        }
        return byHeight;
    }
}
