// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.TableRoot;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Descriptors of every granule and width (DDI 0487 §D8.3, figures D8-12 to D8-16). */
class DescriptorLintTest {
    private static final long TABLE = 0x10_0000;

    private final PhysicalMemory memory = new PhysicalMemory();
    private final LintLog log = new LintLog();
    private final DescriptorLint lint = new DescriptorLint(memory, log);

    @AfterEach
    void close() {
        memory.close();
    }

    private List<String> rules() {
        return log.findings().stream().map(f -> f.rule().id()).toList();
    }

    private static TableRoot root(int granule, boolean wide) {
        return TableRoot.builder(Aarch64Stage1.format(granule, wide)).stage(1).build();
    }

    @ParameterizedTest(name = "2^{0}, wide {1}, height {2}, type {3}, bit {4}: {5}")
    @CsvSource({
        // A page of 64K with 48 bits leaves 15:12 and 49:48 over; with 52 bits 15:12 are address bits.
        "16, false, 0, 3, 12, descriptor-reserved-bits",
        "16, false, 0, 3, 48, descriptor-reserved-bits",
        "16, true, 0, 3, 12, -",
        "16, true, 0, 3, 48, descriptor-reserved-bits",
        "16, false, 1, 3, 15, descriptor-reserved-bits",
        "16, true, 1, 3, 15, -",
        // A page of 4K or 16K with 52 bits has 49:48 as address bits and 9:8 instead of shareability.
        "12, true, 0, 3, 48, -",
        "12, true, 0, 3, 8, -",
        "14, true, 0, 3, 49, -",
        "14, true, 0, 3, 12, descriptor-reserved-bits",
        "14, false, 0, 3, 13, descriptor-reserved-bits",
        "12, false, 0, 3, 8, descriptor-shareability-reserved",
        "16, true, 0, 3, 8, descriptor-shareability-reserved",
        // A block of 2M: 20:17 are reserved, 16 is nT.
        "12, false, 1, 1, 16, -",
        "12, false, 1, 1, 17, descriptor-reserved-bits",
        "12, false, 1, 1, 20, descriptor-reserved-bits",
        "12, false, 1, 1, 21, -",
        // No block is as small as a page.
        "12, false, 0, 1, 21, descriptor-type-reserved",
        "12, false, 0, 0, 21, -",
    })
    void shouldKnowTheReservedBits(int granule, boolean wide, int height, long type, int bit, String rule) {
        lint.check(root(granule, wide), height, TABLE, type | 1L << bit);

        assertThat(rules()).isEqualTo("-".equals(rule) ? List.of() : List.of(rule));
    }

    @ParameterizedTest(name = "MemAttr {0}: {1}")
    @CsvSource({"0, 0", "1, 0", "4, 1", "8, 1", "12, 1", "15, 0"})
    void shouldKnowTheMemoryTypesOfStage2(long attributes, int findings) {
        TableRoot second =
                TableRoot.builder(Aarch64Stage2.format(12, false)).stage(2).build();
        lint.check(second, 0, TABLE, 3 | attributes << 2);

        assertThat(log.findings()).hasSize(findings);
    }

    /** A run of sixteen pages of 4K at 0x40_0000, each with its place in it. */
    private void run(boolean bigEndian) {
        for (int i = 0; i < 16; i++) {
            long d = 0x40_0000 + i * 0x1000L | 1L << 52 | 3;
            memory.writeLong(TABLE + i * 8L, bigEndian ? Long.reverseBytes(d) : d);
        }
    }

    @ParameterizedTest(name = "big-endian {0}")
    @CsvSource({"false", "true"})
    void shouldReadARunAsItIsStored(boolean bigEndian) {
        run(bigEndian);
        TableRoot root = TableRoot.builder(Aarch64Stage1.format(12, false))
                .stage(1)
                .bigEndian(bigEndian)
                .build();
        lint.check(root, 0, TABLE + 0x28, 0x40_5000L | 1L << 52 | 3);
        assertThat(rules()).isEmpty();

        memory.writeLong(TABLE + 0x70, 0);
        lint.check(root, 0, TABLE + 0x28, 0x40_5000L | 1L << 52 | 3);

        assertThat(rules()).containsExactly("contiguous-inconsistent");
    }

    @Test
    void shouldLetHardwareMarkSomeOfADirtyRun() {
        run(false);
        // DBM, and read-only still but for the one entry that was written to; AF of another.
        long marked = 1L << 51 | 1L << 7;
        for (int i = 0; i < 16; i++) {
            memory.writeLong(TABLE + i * 8L, memory.readLong(TABLE + i * 8L) | marked);
        }
        memory.writeLong(TABLE + 8, memory.readLong(TABLE + 8) & ~(1L << 7));
        memory.writeLong(TABLE + 16, memory.readLong(TABLE + 16) | 1L << 10);
        lint.check(root(12, false), 0, TABLE, memory.readLong(TABLE));
        assertThat(rules()).isEmpty();

        // Without DBM read-only is a permission, and must be the same throughout.
        for (int i = 0; i < 16; i++) {
            memory.writeLong(TABLE + i * 8L, memory.readLong(TABLE + i * 8L) & ~(1L << 51));
        }
        lint.check(root(12, false), 0, TABLE, memory.readLong(TABLE));

        assertThat(rules()).containsExactly("contiguous-inconsistent");
    }

    @Test
    void shouldSayNothingOfARunWithWideAddresses() {
        lint.check(root(12, true), 0, TABLE, 0x40_5000L | 1L << 52 | 3);

        assertThat(rules()).isEmpty();
    }
}
