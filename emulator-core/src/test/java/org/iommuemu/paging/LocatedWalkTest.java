// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.iommuemu.bits.Seeds;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Walks over tables in an intermediate address space: 4K, T0SZ = 25, tables moved by a distance. */
class LocatedWalkTest {
    private static final long MOVED = 0x10_0000_0000L;
    private static final long AT1 = 0x8000_0000L;
    private static final long AT2 = 0x8000_1000L;
    private static final long AT3 = 0x8000_2000L;
    private static final CacheGeometry AMPLE = CacheGeometry.fullyAssociative(64, ReplacementPolicy.LRU);

    private final PhysicalMemory memory = new PhysicalMemory();
    private final TestStages.Shift second = new TestStages.Shift(MOVED, 12);
    private final Walker walker = new Walker(memory, TestStages.walkCaches(CacheGeometry.none()));
    private final Walker cached = new Walker(memory, TestStages.walkCaches(AMPLE));
    private final TableRoot root = TableRoot.builder(Aarch64Stage1.format(12, false))
            .base(AT1)
            .inputBits(39)
            .build();

    static Stream<Arguments> formats() {
        return SheetTables.ALL.stream().flatMap(sheet -> Seeds.few().mapToObj(seed -> Arguments.of(sheet, seed)));
    }

    @BeforeEach
    void map() {
        memory.writeLong(AT1 + MOVED, AT2 | 3);
        memory.writeLong(AT2 + MOVED, AT3 | 3 | 1L << 62);
        memory.writeLong(AT3 + MOVED, 0x5000 | 3);
        memory.writeLong(AT3 + MOVED + 8, 0x6000 | 3);
    }

    @AfterEach
    void close() {
        memory.close();
    }

    @Test
    void shouldReadEachDescriptorWhereTheLocatorFindsIt() {
        assertThat(walker.walk(root, 0, second)).isEqualTo(WalkStatus.OK);

        assertThat(walker.output()).isEqualTo(0x5000);
        assertThat(walker.descriptorAddress()).isEqualTo(AT3 + MOVED);
        assertThat(walker.descriptorIntermediate()).isEqualTo(AT3);
        assertThat(second.asked).containsExactly(AT1, AT2, AT3);
    }

    @Test
    void shouldStopWithoutAReadWhereTheLocatorFindsNothing() {
        second.hole = AT2;

        assertThat(walker.walk(root, 0, second)).isEqualTo(WalkStatus.NOT_LOCATED);

        assertThat(walker.height()).isEqualTo(1);
        assertThat(walker.descriptorIntermediate()).isEqualTo(AT2);
        assertThat(walker.accesses(2)).isEqualTo(1);
        assertThat(walker.accesses(1)).isZero();
    }

    @Test
    void shouldNotAskAgainForATableWithinOnePageOfTheSecondStage() {
        cached.walk(root, 0, second);
        second.asked.clear();

        assertThat(cached.walk(root, 0x1000, second)).isEqualTo(WalkStatus.OK);

        assertThat(second.asked).isEmpty();
        assertThat(cached.output()).isEqualTo(0x6000);
        assertThat(cached.descriptorAddress()).isEqualTo(AT3 + MOVED + 8);
        assertThat(cached.descriptorIntermediate()).isEqualTo(AT3 + 8);
        assertThat(cached.restrictions()).isEqualTo(1L << 62);
    }

    @Test
    void shouldAskAgainForATableThatIsLargerThanAPageOfTheSecondStage() {
        TableRoot large = TableRoot.builder(Aarch64Stage1.format(16, false))
                .base(0x9000_0000L)
                .inputBits(42)
                .build();
        memory.writeLong(0x9000_0000L + MOVED, 0x9001_0000L | 3);
        memory.writeLong(0x9001_0000L + MOVED, 0x7_0000L | 3);
        cached.walk(large, 0, second);
        second.asked.clear();
        memory.writeLong(0x9001_1000L + 2 * MOVED, 0x8_0000L | 3);
        second.distance = 2 * MOVED;

        assertThat(cached.walk(large, 0x200L << 16, second)).isEqualTo(WalkStatus.OK);

        assertThat(second.asked).containsExactly(0x9001_1000L);
        assertThat(cached.output()).isEqualTo(0x8_0000L);
    }

    @Test
    void shouldReportTheAbortOfADescriptorThatWasLocated() {
        memory.mark(AT2 + MOVED, 8, RangeState.ABSENT);

        assertThat(walker.walk(root, 0, second)).isEqualTo(WalkStatus.EXTERNAL_ABORT);
        assertThat(walker.descriptorAddress()).isEqualTo(AT2 + MOVED);
    }

    @Test
    void shouldKeepNothingOfATableThatIsNotLocated() {
        second.hole = AT3;
        cached.walk(root, 0, second);
        second.asked.clear();
        second.hole = TableLocator.NOWHERE;

        assertThat(cached.walk(root, 0, second)).isEqualTo(WalkStatus.OK);
        assertThat(second.asked).contains(AT3);
    }

    @ParameterizedTest(name = "{0} seed={1}")
    @MethodSource("formats")
    void shouldEndAsOverPhysicalTables(SheetTables sheet, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int txsz = sheet.firstTxsz(); txsz <= sheet.lastTxsz(); txsz += 3) {
            RandomTables tables = new RandomTables(sheet, txsz, 40, random);
            TestStages.Shift still = new TestStages.Shift(0, random.nextBoolean() ? 12 : 21);
            CacheGeometry geometry = random.nextBoolean() ? AMPLE : CacheGeometry.of(2, 2, ReplacementPolicy.LRU);
            Walker w = new Walker(tables.memory, TestStages.walkCaches(geometry));
            for (int i = 0; i < 80; i++) {
                long address = tables.addresses.get(i % 40);
                NaiveWalker.Result expected = tables.expected(address);
                WalkStatus status = w.walk(tables.root(), address, still);
                String now = tables + " at " + Long.toHexString(address);
                assertThat(status.name()).as(now).isEqualTo(expected.kind());
                assertThat(w.descriptorAddress()).as(now).isEqualTo(expected.at());
                assertThat(w.descriptorIntermediate()).as(now).isEqualTo(expected.at());
                assertThat(status == WalkStatus.OK ? w.restrictions() : 0)
                        .as(now)
                        .isEqualTo(expected.restrictions());
            }
            tables.memory.close();
        }
    }
}
