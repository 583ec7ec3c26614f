// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The stage 1 formats against the printed tables. */
class TableFormatTest {
    private static final long CONTIGUOUS = 1L << 52;

    static Stream<SheetTables> sheets() {
        return SheetTables.ALL.stream();
    }

    @ParameterizedTest
    @MethodSource("sheets")
    void shouldStartAtTheLevelOfTheTable(SheetTables sheet) {
        TableFormat format = format(sheet);
        for (int txsz = sheet.firstTxsz(); txsz <= sheet.lastTxsz(); txsz++) {
            assertThat(format.level(format.startHeight(64 - txsz)))
                    .as("TxSZ %d", txsz)
                    .isEqualTo(sheet.startLevel(txsz));
        }
    }

    @ParameterizedTest
    @MethodSource("sheets")
    void shouldResolveFromTheLowestIndexBitOfTheTable(SheetTables sheet) {
        TableFormat format = format(sheet);

        assertThat(format.granuleShift()).isEqualTo(sheet.pageBits());
        assertThat(format.strideBits()).isEqualTo(sheet.pageBits() - 3);
        sheet.indices()
                .forEach((level, bits) -> assertThat(format.shift(3 - level))
                        .as("level %d", level)
                        .isEqualTo(bits[1]));
    }

    @ParameterizedTest
    @MethodSource("sheets")
    void shouldHaveBlocksWhereTheTableHasThem(SheetTables sheet) {
        TableFormat format = format(sheet);

        for (int level : sheet.indices().keySet()) {
            boolean leaves = level == 3 || sheet.blocks().containsKey(level);
            assertThat(format.hasLeaves(3 - level)).as("level %d", level).isEqualTo(leaves);
            assertThat(format.isLeaf(1, 3 - level)).as("level %d", level).isEqualTo(leaves && level < 3);
        }
    }

    @ParameterizedTest
    @MethodSource("sheets")
    void shouldTellTablesLeavesAndInvalidDescriptorsApart(SheetTables sheet) {
        TableFormat format = format(sheet);

        for (int level : sheet.indices().keySet()) {
            int height = 3 - level;
            assertThat(format.isTable(3, height)).as("level %d", level).isEqualTo(level < 3);
            assertThat(format.isLeaf(-1L, height) && !format.isTable(-1L, height))
                    .as("level %d", level)
                    .isEqualTo(level == 3);
            for (long invalid : new long[] {0, 2, -2, -4}) {
                assertThat(format.isTable(invalid, height))
                        .as("level %d", level)
                        .isFalse();
                assertThat(format.isLeaf(invalid, height)).as("level %d", level).isFalse();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sheets")
    void shouldCacheAContiguousRunForTheBytesOfTheTable(SheetTables sheet) {
        TableFormat format = format(sheet);

        for (int level : sheet.indices().keySet()) {
            int own = sheet.indices().get(level)[1];
            int run = sheet.contiguous().getOrDefault(level, own);
            assertThat(format.spanShift(~CONTIGUOUS, 3 - level))
                    .as("level %d", level)
                    .isEqualTo(own);
            assertThat(format.spanShift(CONTIGUOUS, 3 - level))
                    .as("level %d", level)
                    .isEqualTo(run);
        }
    }

    @ParameterizedTest
    @MethodSource("sheets")
    void shouldPutAddressBitsWhereTheTableSays(SheetTables sheet) {
        TableFormat format = format(sheet);
        SplittableRandom random = new SplittableRandom(sheet.pageBits());
        for (int i = 0; i < 500; i++) {
            long d = random.nextLong();
            long address = random.nextLong(1L << 52);

            assertThat(format.nextTable(d)).isEqualTo(sheet.addressOf(d, sheet.pageBits()));
            assertThat(format.output(d, 0)).isEqualTo(sheet.addressOf(d, sheet.pageBits()));
            sheet.blocks()
                    .forEach((level, lowest) ->
                            assertThat(format.output(d, 3 - level)).isEqualTo(sheet.addressOf(d, lowest)));
            assertThat(format.encodeAddress(address)).isEqualTo(sheet.withAddress(0, address));
        }
    }

    @ParameterizedTest
    @MethodSource("sheets")
    void shouldTakeBit10ForTheAccessFlag(SheetTables sheet) {
        assertThat(format(sheet).isAccessed(1L << 10)).isTrue();
        assertThat(format(sheet).isAccessed(~(1L << 10))).isFalse();
    }

    @ParameterizedTest
    @MethodSource("sheets")
    void shouldTakeBits62To59ForRestrictions(SheetTables sheet) {
        assertThat(format(sheet).restrictions(-1L)).isEqualTo(0x7800_0000_0000_0000L);
        assertThat(format(sheet).restrictions(0x87FF_FFFF_FFFF_FFFFL)).isZero();
    }

    @Test
    void shouldTellGranulesApart() {
        assertThat(SheetTables.ALL.stream().map(s -> format(s).granuleCode()).distinct())
                .hasSize(3)
                .allMatch(code -> code >= 0 && code <= 3);
        assertThat(format(SheetTables.G4K_WIDE).granuleCode())
                .isEqualTo(format(SheetTables.G4K).granuleCode());
    }

    @Test
    void shouldTakeALeafForGlobalUnlessBit11IsSet() {
        assertThat(Aarch64Stage1.isGlobal(~(1L << 11))).isTrue();
        assertThat(Aarch64Stage1.isGlobal(1L << 11)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 11, 13, 15, 17})
    void shouldRefuseAGranuleThatDoesNotExist(int shift) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Aarch64Stage1.format(shift, false))
                .withMessageContaining("2^" + shift);
    }

    @Test
    void shouldTakeEveryLeafForAccessedInAFormatWithoutTheFlag() {
        TableFormat plain = TableFormat.builder("plain", 12).address(51, 12).build();

        assertThat(plain.isAccessed(0)).isTrue();
        assertThat(plain.encodeAddress(0x1234_5FFFL)).isEqualTo(0x1234_5000L);
        assertThat(plain).hasToString("plain");
    }

    private static TableFormat format(SheetTables sheet) {
        return Aarch64Stage1.format(sheet.pageBits(), sheet.wide());
    }
}
