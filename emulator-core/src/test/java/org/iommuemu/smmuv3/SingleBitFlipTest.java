// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Fault case 115: one bit flips, in an STE, a CD, a descriptor or a command. Nothing throws, and an access is refused or goes where
 * the flipped bits send it by {@link NaiveTranslation}.
 */
class SingleBitFlipTest {
    private static final int STREAM = 5;
    private static final long PAGE = 0x1234_5678_0000L;
    private static final long INPUT = PAGE + 0x120;
    /** Behind stage 2 this is not where it says, so that a stage that is left out shows. */
    private static final long INTERMEDIATE = 0x2_1000_0000L;

    private static final long OTHER = SmmuBench.DATA + 0x100_0000;
    /** A stage 2 leaf: accessed, read-write, Normal write-back. */
    private static final long LEAF = 0x7FC;

    private final SmmuBench b = SmmuBench.started(SmmuFeatures.full());
    /** Addresses of the 64-bit words that say where {@link #INPUT} goes. */
    private final List<Long> words = new ArrayList<>();

    private int refused;
    private int same;
    private int elsewhere;

    /** A stream with stage 1 of one granule, stage 2 of another, or one of them alone (0). */
    private void makeStream(int granule1, int granule2) {
        long ste = SmmuBench.STREAM_TABLE + STREAM * 64L;
        addWords(ste, 8);
        long output = granule1 != 0 && granule2 != 0 ? INTERMEDIATE : SmmuBench.DATA;
        if (granule1 != 0) {
            TestCd cd = new TestCd(b.memory, b.allocator, b.allocator.allocate(64, 64), STREAM);
            cd.lowerTables(granule1, 48).map(PAGE, output);
            b.ste(STREAM).s1ContextPtr(cd.address());
            addWords(cd.address(), 8);
            addDescriptors(cd.tables(PAGE), PAGE, 0);
        }
        if (granule2 != 0) {
            makeStage2(granule2, granule1 == 0 ? PAGE : INTERMEDIATE);
        }
        b.ste(STREAM)
                .config(4 | (granule1 != 0 ? 1 : 0) | (granule2 != 0 ? 2 : 0))
                .valid(1);
    }

    private void makeStage2(int granule, long intermediate) {
        int inputBits = granule == 14 ? 47 : 48;
        TableBuilder t = new TableBuilder(b.memory, b.allocator, Aarch64Stage2.format(granule, false), inputBits);
        int block = granule == 12 ? 2 : 1;
        long blockBytes = 1L << granule + block * (granule - 3);
        for (long at = 0; at < 0x400_0000; at += blockBytes) {
            t.map(at, at, block, LEAF);
        }
        t.map(intermediate, SmmuBench.DATA, LEAF);
        if (intermediate != PAGE) {
            t.map(PAGE, OTHER, LEAF);
        }
        // S2VMID, S2T0SZ, S2SL0, S2TG, S2PS, S2AA64, S2R, S2TTB.
        b.ste(STREAM).set(143, 128, 9).set(165, 160, 64L - inputBits).set(167, 166, 2);
        b.ste(STREAM).set(175, 174, granule == 12 ? 0 : granule == 16 ? 1 : 2).set(178, 176, 5);
        b.ste(STREAM).set(179, 179, 1).set(186, 186, 1).set(243, 196, t.root() >>> 4);
        addDescriptors(t, intermediate, 0);
        addDescriptors(t, 0x100_0000, block);
    }

    private void addWords(long at, int count) {
        for (int i = 0; i < count; i++) {
            words.add(at + i * 8L);
        }
    }

    private void addDescriptors(TableBuilder tables, long address, int height) {
        // The highest level that every builder here has: level 1.
        for (int h = height; h <= 2; h++) {
            words.add(tables.descriptorAddress(address, h));
        }
    }

    @ParameterizedTest(name = "stage 1 {0}, stage 2 {1}")
    @CsvSource({"12, 0", "14, 0", "16, 0", "0, 12", "0, 14", "0, 16", "12, 12", "16, 12", "14, 16"})
    void shouldRefuseOrGoWhereTheFlippedBitsSayInStructuresAndTables(int granule1, int granule2) {
        makeStream(granule1, granule2);
        NaiveTranslation naive = new NaiveTranslation(b.memory, SmmuBench.STREAM_TABLE + STREAM * 64L);
        long good = SmmuBench.DATA + 0x120;

        for (long word : words) {
            for (int bit = 0; bit < 64; bit++) {
                String what = "bit " + bit + " of 0x" + Long.toHexString(word);
                assertThat(b.read(STREAM, INPUT).address()).as("before " + what).isEqualTo(good);
                long value = b.memory.readLong(word);
                b.memory.writeLong(word, value ^ 1L << bit);
                long expected = naive.translate(INPUT);
                b.invalidateAll();
                for (int i = 0; i < 2; i++) {
                    check(b.read(STREAM, INPUT), expected, good, what);
                }
                b.memory.writeLong(word, value);
                b.invalidateAll().events();
            }
        }

        assertThat(refused).isPositive();
        assertThat(same).isPositive();
        assertThat(elsewhere).isPositive();
        b.close();
    }

    private void check(Verdict v, long expected, long good, String what) {
        if (!v.isOk()) {
            refused++;
            return;
        }
        assertThat(v.address()).as(what).isEqualTo(expected);
        if (expected == good) {
            same++;
        } else {
            elsewhere++;
        }
    }

    @ParameterizedTest(name = "opcode {0}")
    @ValueSource(
            ints = {
                0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x11, 0x12, 0x13, 0x28, 0x2A, 0x30, 0x40, 0x41, 0x44, 0x45,
                0x46
            })
    void shouldLoseNoTranslationByAFlippedCommand(int opcode) {
        long target = 0x7000_0000L;
        TestCd cd = b.stage1(6).map(PAGE, SmmuBench.DATA);
        b.stage1(7).map(PAGE, OTHER);
        TableBuilder tables = cd.tables(PAGE);
        for (int bit = 0; bit < 128; bit++) {
            long word0 = opcode | 6L << 32 | 6L << 48 | (opcode == 0x46 ? 1 << 12 : 0);
            long word1 = opcode == 0x46 ? target : PAGE;
            long other = SmmuBench.DATA + (bit + 1L << 16);
            assertThat(b.read(6, INPUT).status()).isEqualTo(Status.OK);
            assertThat(b.read(7, INPUT).address()).isEqualTo(OTHER + 0x120);
            tables.map(PAGE, other, TableBuilder.READ_WRITE);

            issue(word0 ^ (bit < 64 ? 1L << bit : 0), word1 ^ (bit < 64 ? 0 : 1L << bit));

            assertThat(b.read(7, INPUT).address()).as("bit %d", bit).isEqualTo(OTHER + 0x120);
            issue(0x12 | 6L << 48, PAGE);
            b.sync();
            assertThat(b.read(6, INPUT).address()).as("bit %d", bit).isEqualTo(other + 0x120);
            assertThat(b.read32(0x60)).as("no error is active").isEqualTo(b.read32(0x64));
            assertThat(b.read32(0x9C) & 0xF_FFFF).isEqualTo(b.read32(0x98));
        }
        b.close();
    }

    /** Issues a command; if it is illegal, replaces it by a SYNC and acknowledges, as a driver does. */
    private void issue(long word0, long word1) {
        int slot = (int) b.read32(0x98) & 0xFF;
        b.command(word0, word1);
        if (b.read32(0x60) != b.read32(0x64)) {
            b.memory.writeLong(SmmuBench.COMMANDS + slot * 16L, 0x46);
            b.memory.writeLong(SmmuBench.COMMANDS + slot * 16L + 8, 0);
            b.write32(0x64, b.read32(0x60));
        }
    }
}
