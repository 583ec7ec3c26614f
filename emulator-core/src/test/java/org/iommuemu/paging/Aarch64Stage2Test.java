// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** DDI 0487 §D8.3-D8.4, stage 2: formats against the printed tables, and the permissions of leaves. */
class Aarch64Stage2Test {
    private static final int[] LEVELS = {-1, 0, 1, 2, 3};

    static Stream<SheetTables> sheets() {
        return SheetTables.ALL.stream();
    }

    @ParameterizedTest(name = "S2AP={0}: {1}")
    @CsvSource({"0, --x/--x", "1, r-x/r-x", "2, -wx/-wx", "3, rwx/rwx"})
    void shouldAllowWhatS2apSaysWhateverThePrivilege(long s2ap, String text) {
        assertThat(text(s2ap << 6, 0)).isEqualTo(text);
    }

    @ParameterizedTest(name = "XN={0}, XNX {1}: {2}")
    @CsvSource({
        "0, true, rwx/rwx",
        "1, true, rw-/rwx",
        "2, true, rw-/rw-",
        "3, true, rwx/rw-",
        "0, false, rwx/rwx",
        "1, false, rwx/rwx",
        "2, false, rw-/rw-",
        "3, false, rw-/rw-"
    })
    void shouldTakeTwoBitsOfExecuteNeverOnlyWithXnx(long xn, boolean xnx, String text) {
        assertThat(text(3L << 6 | xn << 53, xnx ? Aarch64Stage2.XNX : 0)).isEqualTo(text);
    }

    @Test
    void shouldIgnoreAllOtherBits() {
        long others = ~(3L << 6 | 3L << 53);

        assertThat(text(others, 0)).isEqualTo("--x/--x");
        assertThat(text(others | 3L << 6, Aarch64Stage2.XNX)).isEqualTo("rwx/rwx");
    }

    @Test
    void shouldMarkALeafDirtyOnlyWhereDbmLetsIt() {
        assertThat(Aarch64Stage2.dirty(1L << 51 | 0x40)).isEqualTo(1L << 51 | 0xC0);
        assertThat(Aarch64Stage2.dirty(0x40)).isEqualTo(0x40);
        assertThat(Aarch64Stage2.dirty(1L << 51)).isEqualTo(1L << 51 | 0x80);
    }

    @ParameterizedTest
    @MethodSource("sheets")
    void shouldRestrictNothingInTableDescriptors(SheetTables sheet) {
        assertThat(format(sheet).restrictions(-1L)).isZero();
    }

    @ParameterizedTest
    @MethodSource("sheets")
    void shouldPutAddressBitsWhereTheTableSays(SheetTables sheet) {
        TableFormat format = format(sheet);
        SplittableRandom random = new SplittableRandom(sheet.pageBits());
        for (int i = 0; i < 200; i++) {
            long d = random.nextLong();
            long address = random.nextLong(1L << 52);

            assertThat(format.nextTable(d)).isEqualTo(sheet.addressOf(d, sheet.pageBits()));
            sheet.blocks()
                    .forEach((level, lowest) ->
                            assertThat(format.output(d, 3 - level)).isEqualTo(sheet.addressOf(d, lowest)));
            assertThat(format.encodeAddress(address)).isEqualTo(sheet.withAddress(0, address));
        }
    }

    @ParameterizedTest
    @MethodSource("sheets")
    void shouldHaveTheLevelsAndBlocksOfTheTable(SheetTables sheet) {
        TableFormat format = format(sheet);
        for (int level : LEVELS) {
            if (sheet.indices().containsKey(level)) {
                int height = 3 - level;
                int own = sheet.indices().get(level)[1];
                assertThat(format.level(height)).isEqualTo(level);
                assertThat(format.shift(height)).isEqualTo(own);
                assertThat(format.hasLeaves(height))
                        .isEqualTo(level == 3 || sheet.blocks().containsKey(level));
                assertThat(format.isTable(3, height)).isEqualTo(level < 3);
                assertThat(format.spanShift(1L << 52, height))
                        .isEqualTo(sheet.contiguous().getOrDefault(level, own));
            }
        }
        assertThat(format.isAccessed(1L << 10)).isTrue();
        assertThat(format.isAccessed(0)).isFalse();
    }

    private static String text(long leaf, int controls) {
        return Permission.text(Aarch64Stage2.permissions(leaf, controls));
    }

    private static TableFormat format(SheetTables sheet) {
        return Aarch64Stage2.format(sheet.pageBits(), sheet.wide());
    }
}
