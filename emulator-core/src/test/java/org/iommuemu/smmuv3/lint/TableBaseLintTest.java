// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How far the base of a start table must be aligned, by granule and width (DDI 0487 §D8.2, fact sheet 3.2, 4.3). */
class TableBaseLintTest {
    private final LintLog log = new LintLog();
    private final StructureLint lint = new StructureLint(SmmuFeatures.full(), log);

    private List<String> rules() {
        return log.findings().stream().map(f -> f.rule().id()).toList();
    }

    /** Bit n of a row of 64-bit words. */
    private static void set(long[] words, int lsb, long value) {
        words[lsb / 64] |= value << lsb % 64;
    }

    @ParameterizedTest(name = "TG1 {0}, T1SZ {1}: 2^{2} bytes")
    @CsvSource({
        // 4K: 39 bits start at level 1 with 512 entries, 25 bits at level 2 with 16.
        "2, 25, 12",
        "2, 39, 7",
        // 16K: 36 bits start at level 2 with 2,048 entries, 47 bits at level 1 with 2,048.
        "1, 28, 14",
        "1, 17, 14",
        "1, 36, 6",
        // 64K: 42 bits start at level 2 with 8,192 entries, 48 bits at level 1 with 64.
        "3, 22, 16",
        "3, 16, 9",
    })
    void shouldWantTtb1AlignedToItsTable(int granule, int size, int alignment) {
        for (int bit = 4; bit <= 20; bit++) {
            LintLog fresh = new LintLog();
            long[] cd = cd(granule, size);
            set(cd, 128 + bit, 1);
            new StructureLint(SmmuFeatures.full(), fresh).cd("cd", cd);

            assertThat(fresh.findings()).as("bit %d", bit).hasSize(bit < alignment ? 1 : 0);
        }
    }

    /** Valid, 48-bit output, TTB0 off. */
    private static long[] cd(int granule, int size) {
        long[] cd = new long[8];
        set(cd, 31, 1);
        set(cd, 14, 1);
        set(cd, 32, 5);
        set(cd, 16, size);
        set(cd, 22, granule);
        return cd;
    }

    @ParameterizedTest(name = "TG1 {0}, T1SZ {1}")
    @CsvSource({"0, 25", "2, 11", "2, 49"})
    void shouldSayNothingOfABaseWhoseTableHasNoShape(int granule, int size) {
        long[] cd = cd(granule, size);
        set(cd, 132, 1);
        lint.cd("cd", cd);

        assertThat(rules()).isEmpty();
    }

    @Test
    void shouldWantTheShareabilityOfBothTables() {
        long[] cd = cd(2, 25);
        set(cd, 28, 1);
        lint.cd("cd", cd);

        assertThat(rules()).containsExactly("cd-shareability-reserved");
    }

    @Test
    void shouldSayNothingOfACdThatIsNotValid() {
        long[] cd = cd(2, 25);
        set(cd, 28, 1);
        cd[0] &= ~(1L << 31);
        lint.cd("cd", cd);

        assertThat(rules()).isEmpty();
    }

    @ParameterizedTest(name = "S2TG {0}, S2SL0 {1}, S2T0SZ {2}: 2^{3} bytes")
    @CsvSource({
        // 4K counts from level 2: 40 bits at level 1 take two tables, at level 0 two entries; 3 stands for level 3.
        "0, 1, 24, 13",
        "0, 2, 24, 4",
        "0, 0, 34, 12",
        "0, 3, 40, 15",
        // 16K counts from level 3: 40 bits at level 2 take sixteen tables, at level 1 sixteen entries.
        "2, 1, 24, 18",
        "2, 2, 24, 7",
        // 64K: 42 bits at level 2 take one table.
        "1, 1, 22, 16",
    })
    void shouldWantS2ttbAlignedToItsTables(int granule, int level, int size, int alignment) {
        for (int bit = 4; bit <= 20; bit++) {
            LintLog fresh = new LintLog();
            long[] ste = ste(granule, level, size);
            set(ste, 192 + bit, 1);
            new StructureLint(SmmuFeatures.full(), fresh).ste("ste", ste);

            assertThat(fresh.findings()).as("bit %d", bit).hasSize(bit < alignment ? 1 : 0);
        }
    }

    /** Valid, stage 2 alone. */
    private static long[] ste(int granule, int level, int size) {
        long[] ste = new long[8];
        set(ste, 0, 1);
        set(ste, 1, 6);
        set(ste, 160, size);
        set(ste, 166, level);
        set(ste, 174, granule);
        return ste;
    }

    @ParameterizedTest(name = "S2TG {0}, S2T0SZ {1}, S2DS {2}")
    @CsvSource({"3, 24, 0", "0, 11, 0", "0, 49, 0", "0, 24, 1"})
    void shouldSayNothingOfAStage2BaseWhoseTableHasNoShape(int granule, int size, long ds) {
        long[] ste = ste(granule, 1, size);
        set(ste, 195, ds);
        set(ste, 196, 1);
        SmmuFeatures full = SmmuFeatures.full();
        // 1.5: VAX, bits 11:10, and DS, bit 7.
        SmmuFeatures wide =
                new SmmuFeatures(full.idr0(), full.idr1(), full.idr3(), full.idr5() | 1 << 10 | 1 << 7, 0, 2);
        new StructureLint(wide, log).ste("ste", ste);

        assertThat(rules()).isEmpty();
    }

    @ParameterizedTest(name = "V {0}, Config {1}")
    @CsvSource({"0, 6", "1, 0", "1, 2"})
    void shouldSayNothingOfAnSteThatIsNotUsed(long valid, long config) {
        long[] ste = new long[8];
        set(ste, 0, valid);
        set(ste, 1, config);
        set(ste, 192, 1);
        lint.ste("ste", ste);

        assertThat(rules()).isEmpty();
    }

    @ParameterizedTest(name = "Span {0}, bit {1}: {2}")
    @CsvSource({
        // 2^(Span-1) STEs of 64 bytes.
        "1, 6, 0",
        "3, 6, 1",
        "3, 8, 0",
        "11, 15, 1",
        "11, 16, 0",
        "0, 6, 0",
        "12, 6, 0",
    })
    void shouldWantAnL2TableAlignedToItsSpan(long span, int bit, int findings) {
        lint.l1std("l1std", span | 1L << bit);

        assertThat(rules()).hasSize(findings);
    }
}
