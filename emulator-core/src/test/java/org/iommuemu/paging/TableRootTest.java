// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TableRootTest {
    private static final TableFormat FORMAT = Aarch64Stage1.format(12, true);

    @ParameterizedTest
    @ValueSource(ints = {16, 25, 39, 48, 52})
    void shouldCoverTheLowerRangeFromZero(int bits) {
        TableRoot root = root(bits).build();
        long end = 1L << bits;

        assertThat(root.covers(0)).isTrue();
        assertThat(root.covers(end - 1)).isTrue();
        assertThat(root.covers(end)).isFalse();
        assertThat(root.covers(-1)).isFalse();
        assertThat(root.covers(-end)).isFalse();
        assertThat(root.covers(Long.MIN_VALUE)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 25, 39, 48, 52})
    void shouldCoverTheUpperRangeToTheLastAddress(int bits) {
        TableRoot root = root(bits).upper(true).build();
        long size = 1L << bits;

        assertThat(root.covers(-1)).isTrue();
        assertThat(root.covers(-size)).isTrue();
        assertThat(root.covers(-size - 1)).isFalse();
        assertThat(root.covers(0)).isFalse();
        assertThat(root.covers(Long.MAX_VALUE)).isFalse();
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldCoverAddressesWhoseBitsAboveTheInputAreAllAlike(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 5_000; i++) {
            int bits = random.nextInt(16, 53);
            boolean upper = random.nextBoolean();
            boolean topByteIgnored = random.nextBoolean();
            TableRoot root =
                    root(bits).upper(upper).topByteIgnored(topByteIgnored).build();
            // Extended from somewhere near the input size, and now and then with one bit turned.
            int extend = random.nextInt(0, 64 - bits + 4);
            long address = random.nextLong() << extend >> extend;
            address ^= random.nextInt(3) == 0 ? 1L << random.nextInt(64) : 0;
            BigInteger number = BigInteger.valueOf(address);
            int top = topByteIgnored ? 55 : 63;
            boolean alike = true;
            for (int bit = bits; bit <= top; bit++) {
                alike &= number.testBit(bit) == upper;
            }

            // The root is chosen by bit 55; the other one is never asked.
            if (number.testBit(55) == upper) {
                assertThat(root.covers(root.canonical(address)))
                        .as("%x, %d bits, upper %s, TBI %s", address, bits, upper, topByteIgnored)
                        .isEqualTo(alike);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0x0000123456789ABC, 0x0000123456789ABC",
        "0x5A00123456789ABC, 0x0000123456789ABC",
        "0xFF00123456789ABC, 0x0000123456789ABC",
        "0x5A7F123456789ABC, 0x007F123456789ABC",
        "0x5A80123456789ABC, 0xFF80123456789ABC",
        "0x00FFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF"
    })
    void shouldReplaceAnIgnoredTopByteByTheSignOfBit55(String address, String canonical) {
        TableRoot root = root(48).topByteIgnored(true).build();

        assertThat(root.canonical(hex(address))).isEqualTo(hex(canonical));
    }

    @Test
    void shouldLeaveAnAddressAloneWhenTheTopByteCounts() {
        assertThat(root(48).build().canonical(0x5A00_1234_5678_9ABCL)).isEqualTo(0x5A00_1234_5678_9ABCL);
    }

    @Test
    void shouldStartWhereTheInputSizeSaysUnlessToldOtherwise() {
        assertThat(root(48).build().startHeight()).isEqualTo(3);
        assertThat(root(40).startHeight(2).build().startHeight()).isEqualTo(2);
        assertThat(root(12).startHeight(0).build().startHeight()).isZero();
    }

    @Test
    void shouldHaveEverythingOffAtFirst() {
        TableRoot root = TableRoot.builder(FORMAT).build();

        assertThat(root.isUpper()).isFalse();
        assertThat(root.isDisabled()).isFalse();
        assertThat(root.isBigEndian()).isFalse();
        assertThat(root.isAccessFlagIgnored()).isFalse();
        assertThat(root.isHierarchyIgnored()).isFalse();
        assertThat(root.permissionControls()).isZero();
        assertThat(root.shareability()).isEqualTo(-1);
    }

    @Test
    void shouldKeepWhatItWasGiven() {
        TableRoot root = TableRoot.builder(FORMAT)
                .base(0x1000)
                .inputBits(39)
                .outputBits(44)
                .upper(true)
                .disabled(true)
                .bigEndian(true)
                .accessFlagIgnored(true)
                .hierarchyIgnored(true)
                .permissionControls(5)
                .attributes(0xFF44)
                .shareability(3)
                .tags(7, 8)
                .build();

        assertThat(root.format()).isSameAs(FORMAT);
        assertThat(root.base()).isEqualTo(0x1000);
        assertThat(root.inputBits()).isEqualTo(39);
        assertThat(root.outputBits()).isEqualTo(44);
        assertThat(root.isUpper()).isTrue();
        assertThat(root.isDisabled()).isTrue();
        assertThat(root.isBigEndian()).isTrue();
        assertThat(root.isAccessFlagIgnored()).isTrue();
        assertThat(root.isHierarchyIgnored()).isTrue();
        assertThat(root.permissionControls()).isEqualTo(5);
        assertThat(root.attributes()).isEqualTo(0xFF44);
        assertThat(root.shareability()).isEqualTo(3);
        assertThat(root.tag()).isEqualTo(7);
        assertThat(root.globalTag()).isEqualTo(8);
        assertThat(root.indexMix()).isNotEqualTo(root.globalIndexMix());
    }

    @Test
    void shouldMarkLeavesDirtyOnlyIfItMarksThemAccessed() {
        assertThat(root(48).hardwareUpdates(true, true).build().updatesDirtyState())
                .isTrue();
        assertThat(root(48).hardwareUpdates(true, false).build().updatesDirtyState())
                .isFalse();
        assertThat(root(48).hardwareUpdates(true, false).build().updatesAccessFlag())
                .isTrue();
        assertThat(root(48).hardwareUpdates(false, true).build().updatesDirtyState())
                .isFalse();
    }

    @Test
    void shouldMixZeroToZero() {
        assertThat(TableRoot.mix(0)).isZero();
    }

    @Test
    void shouldSpreadNeighbouringTagsOverTheSetsOfACache() {
        long sets = LongStream.range(0, 256)
                .map(tag -> TableRoot.mix(tag) & 0xFF)
                .distinct()
                .count();

        // 256 tags thrown into 256 sets at random hit about 1 - 1/e of them.
        assertThat(sets).isGreaterThan(128);
    }

    @Test
    void shouldCrowdNoSetWithTheTagsOfAllAddressSpaces() {
        int[] tagsOfSet = new int[1 << 16];
        for (int asid = 0; asid < 1 << 16; asid++) {
            tagsOfSet[(int) TableRoot.mix(asid) & 0xFFFF]++;
        }

        assertThat(Arrays.stream(tagsOfSet).max().orElseThrow()).isEqualTo(2);
    }

    private static TableRoot.Builder root(int inputBits) {
        return TableRoot.builder(FORMAT).inputBits(inputBits);
    }

    private static long hex(String text) {
        return Long.parseUnsignedLong(text.substring(2), 16);
    }
}
