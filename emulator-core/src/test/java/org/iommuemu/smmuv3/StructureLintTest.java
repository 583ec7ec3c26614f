// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.build.TableBuilder;
import org.iommuemu.smmuv3.lint.SmmuLint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lint of structures, commands and descriptors as they are read (fact sheet 2.2, 3.2, 4.4, 5.2-5.5). */
class StructureLintTest {
    private final SmmuBench b = new SmmuBench(SmmuFeatures.full(), CacheConfiguration.standard());
    private final SmmuLint lint = b.lint();

    StructureLintTest() {
        b.start();
    }

    @AfterEach
    void close() {
        b.close();
    }

    private List<String> rules() {
        return lint.log().findings().stream().map(f -> f.rule().id()).toList();
    }

    private static List<String> orNone(String rule) {
        return "-".equals(rule) ? List.of() : List.of(rule);
    }

    @ParameterizedTest(name = "{0}:{1} = {2}: {3}")
    @CsvSource({
        "58, 56, 1, ste-reserved-bits",
        "107, 105, 4, ste-reserved-bits",
        "111, 110, 2, ste-reserved-bits",
        "192, 192, 1, ste-reserved-bits",
        "319, 304, 1, ste-reserved-bits",
        "384, 384, 1, ste-reserved-bits",
        "447, 447, 1, ste-reserved-bits",
        // Software's, implementation defined, or of a feature.
        "87, 84, 15, -",
        "127, 116, 0xFFF, -",
        "159, 144, 1, -",
        "271, 256, 1, -",
        "511, 508, 15, -",
        "71, 70, 1, ste-shareability-reserved",
        "71, 70, 3, -",
        "71, 70, 2, -",
        "113, 112, 1, ste-override-reserved",
        "115, 114, 1, ste-override-reserved",
        "113, 112, 3, -",
        "115, 114, 2, -",
        // Without substreams nothing asks for S1Fmt and S1DSS.
        "5, 4, 3, -",
        "65, 64, 3, -",
        // Nor for stage 2.
        "173, 172, 1, -",
        "183, 183, 1, -",
    })
    void shouldCheckAStage1Ste(int msb, int lsb, long value, String rule) {
        b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.ste(5).set(msb, lsb, value);

        assertThat(b.read(5, 0x1000).isOk()).isTrue();

        assertThat(rules()).isEqualTo(orNone(rule));
    }

    @ParameterizedTest(name = "MTCFG:MemAttr {0}, overrides {1}: {2}")
    @CsvSource({
        "0x14, true, ste-mem-attr-reserved",
        "0x18, true, ste-mem-attr-reserved",
        "0x1C, true, ste-mem-attr-reserved",
        "0x10, true, -",
        "0x15, true, -",
        "0x1F, true, -",
        "0x04, true, -",
        "0x14, false, -",
    })
    void shouldCheckAMemoryTypeThatOverrides(long fields, boolean overrides, String rule) {
        // 1.4: IDR1.ATTR_TYPES_OVR, bit 27.
        SmmuFeatures features = SmmuBench.withIdr1(1 << 27, overrides ? 1 << 27 : 0);
        try (SmmuBench m = new SmmuBench(features, CacheConfiguration.standard())) {
            SmmuLint watching = m.lint();
            m.start();
            m.ste(5).config(4).set(100, 96, fields).valid(1);
            assertThat(m.read(5, 0x1000).isOk()).isTrue();

            assertThat(watching.log().findings().stream()
                            .map(f -> f.rule().id())
                            .toList())
                    .isEqualTo(orNone(rule));
        }
    }

    @ParameterizedTest(name = "Config {0}, EATS {1}, ATS {2}: {3}")
    @CsvSource({"5, 3, true, ste-eats-reserved", "5, 1, true, -", "4, 3, true, -", "5, 3, false, -"})
    void shouldCheckEats(int config, int eats, boolean ats, String rule) {
        // 1.3: IDR0.ATS, bit 10.
        SmmuFeatures features = SmmuBench.withIdr0(1 << 10, ats ? 1 << 10 : 0);
        try (SmmuBench m = new SmmuBench(features, CacheConfiguration.standard())) {
            SmmuLint watching = m.lint();
            m.start();
            m.stage1(5).map(0x1000, SmmuBench.DATA);
            m.ste(5).config(config).set(93, 92, eats);
            assertThat(m.read(5, 0x1000).isOk()).isTrue();

            assertThat(watching.log().findings().stream()
                            .map(f -> f.rule().id())
                            .toList())
                    .isEqualTo(orNone(rule));
        }
    }

    @Test
    void shouldNotCheckWhatIsRefusedOrAborts() {
        b.stage1(5);
        b.ste(5).set(58, 56, 1).s1CdMax(21);
        b.ste(6).set(58, 56, 1).config(0).valid(1);
        b.ste(7).set(58, 56, 1).config(4);
        TestCd bad = b.stage1(8).set(64, 64, 1).set(41, 41, 0);
        for (int stream = 5; stream < 9; stream++) {
            assertThat(b.read(stream, 0).isOk()).isFalse();
        }

        assertThat(rules()).isEmpty();
        assertThat(bad.get(64, 64)).isEqualTo(1);
    }

    @ParameterizedTest(name = "S1Fmt {0}, S1DSS {1}, pointer + {2}: {3}")
    @CsvSource({
        "0, 0, 0, -",
        "3, 0, 0, ste-s1fmt-reserved",
        "0, 3, 0, ste-s1dss-reserved",
        "0, 0, 0x200, ste-context-pointer-alignment",
        "1, 0, 0x40, -",
        "2, 0, 0x40, -",
    })
    void shouldCheckACdTable(int fmt, int dss, long offset, String rule) {
        // 16 CDs: 1 KiB linear, 64 bytes of L1CDs.
        TestSte ste = b.substreams(5, fmt == 3 ? 0 : fmt, 4, dss);
        ste.s1Fmt(fmt).s1ContextPtr((ste.get(55, 6) << 6) + offset);
        b.readSubstream(5, 3, 0x1000);

        assertThat(rules()).isEqualTo(orNone(rule));
    }

    @ParameterizedTest(name = "S1Fmt {0}, L1CD[{1}:{2}] = {3}: {4}")
    @CsvSource({
        "1, 12, 12, 1, -",
        "2, 12, 12, 1, l1cd-pointer-alignment",
        "2, 16, 16, 1, -",
        "1, 11, 1, 1, l1cd-reserved-bits",
        "1, 63, 56, 1, l1cd-reserved-bits",
    })
    void shouldCheckAnL1Cd(int fmt, int msb, int lsb, long value, String rule) {
        b.substreams(5, fmt, 12, 0);
        b.cd(5, 3, 1);
        b.l1cd(5, 3).put(msb, lsb, value);
        b.readSubstream(5, 3, 0x1000);

        assertThat(rules()).isEqualTo(orNone(rule));
    }

    @ParameterizedTest(name = "L1STD[{0}:{1}] = {2}: {3}")
    @CsvSource({
        "14, 14, 1, -",
        "13, 13, 1, l1std-pointer-alignment",
        "5, 5, 1, l1std-reserved-bits",
        "63, 56, 1, l1std-reserved-bits",
    })
    void shouldCheckAnL1Std(int msb, int lsb, long value, String rule) {
        try (SmmuBench t = SmmuBench.reset().twoLevel(16, 8)) {
            SmmuLint watching = t.lint();
            t.start();
            t.ste(5);
            // 256 STEs: 16 KiB.
            t.l1std(5).put(msb, lsb, value);
            t.read(5, 0);

            assertThat(watching.log().findings().stream()
                            .map(f -> f.rule().id())
                            .toList())
                    .isEqualTo(orNone(rule));
        }
    }

    @ParameterizedTest(name = "{0}:{1} = {2}: {3}")
    @CsvSource({
        "64, 64, 1, cd-reserved-bits",
        "121, 120, 1, cd-reserved-bits",
        "128, 128, 1, cd-reserved-bits",
        "383, 376, 1, cd-reserved-bits",
        "447, 432, 1, cd-reserved-bits",
        "511, 496, 1, cd-reserved-bits",
        "351, 320, 1, -",
        "431, 384, 1, -",
        "13, 12, 1, cd-shareability-reserved",
        "13, 12, 2, -",
        // TTB1 is off.
        "29, 28, 1, -",
        "23, 22, 0, -",
        "135, 132, 1, -",
        "42, 42, 1, cd-hd-without-ha",
        "43, 42, 3, -",
        "43, 43, 1, -",
        "71, 68, 1, cd-ttb-alignment",
        "75, 72, 8, cd-ttb-alignment",
    })
    void shouldCheckACd(int msb, int lsb, long value, String rule) {
        b.stage1(5).map(0x1000, SmmuBench.DATA).set(msb, lsb, value);

        b.read(5, 0x1000);

        assertThat(rules()).isEqualTo(orNone(rule));
    }

    @ParameterizedTest(name = "{0} bits, base + {1}: {2}")
    @CsvSource({"42, 0x40, -", "42, 0x20, cd-ttb-alignment", "39, 0x800, cd-ttb-alignment", "40, 0x10, -"})
    void shouldWantTheBaseOfASmallTableAlignedToItsSize(int inputBits, long offset, String rule) {
        // 4K: 42 bits start at level 0 with 8 entries, 39 bits at level 1 with 512, 40 bits at level 0 with 2.
        TestCd cd = b.stage1(5).lowerTables(12, inputBits);
        cd.ttb0(cd.tables(0).root() + offset);
        b.read(5, 0);

        assertThat(rules()).isEqualTo(orNone(rule));
    }

    private TestSte stage2(int stream, int vmid, long root) {
        return b.ste(stream)
                .set(143, 128, vmid)
                .set(165, 160, 16)
                .set(167, 166, 2)
                .set(178, 176, 5)
                .set(179, 179, 1)
                .set(243, 196, root >>> 4)
                .config(6)
                .valid(1);
    }

    @ParameterizedTest(name = "{0}:{1} = {2}: {3}")
    @CsvSource({
        "173, 172, 1, ste-shareability-reserved",
        "173, 172, 3, -",
        "183, 183, 1, ste-s2hd-without-s2ha",
        "184, 183, 3, -",
        "199, 196, 1, ste-s2ttb-alignment",
        "208, 208, 1, -",
    })
    void shouldCheckAStage2Ste(int msb, int lsb, long value, String rule) {
        stage2(5, 7, 0x50_0000).set(msb, lsb, value);
        b.read(5, 0x1000);

        assertThat(rules()).isEqualTo(orNone(rule));
    }

    @Test
    void shouldWantConcatenatedTablesAlignedTogether() {
        // 4.3: 4K, start level 1, S2T0SZ 24: two tables.
        stage2(5, 7, 0x50_1000).set(165, 160, 24).set(167, 166, 1);
        stage2(6, 8, 0x50_2000).set(165, 160, 24).set(167, 166, 1);
        b.read(6, 0);
        assertThat(rules()).isEmpty();

        b.read(5, 0);

        assertThat(rules()).containsExactly("ste-s2ttb-alignment");
    }

    @Test
    void shouldFindAVmidOfTwoAddressSpaces() {
        stage2(5, 7, 0x50_0000);
        stage2(6, 7, 0x50_0000);
        stage2(7, 8, 0x60_0000);
        stage2(8, 7, 0x60_0000);
        b.read(5, 0);
        b.read(6, 0);
        b.read(7, 0);
        assertThat(rules()).isEmpty();

        b.read(8, 0);
        b.command(0x0000_0007_0000_0028L, 0).sync();
        b.command(0x0000_0005_0000_0003L, 1).sync();
        b.read(5, 0);

        assertThat(rules()).containsExactly("vmid-reused");
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        // A page: SH, address bits above the output, type.
        "0x80000F43, -",
        "0x80000D43, descriptor-shareability-reserved",
        "0x1000080000F43, descriptor-reserved-bits",
        "0x80000F41, descriptor-type-reserved",
        "0x80000F40, -",
        "0x80000F42, -",
        "0x4000080000F43, -",
        "0x780000080000F43, -",
    })
    void shouldCheckAPageDescriptor(String descriptor, String rule) {
        b.stage1(5).descriptor(0x1000, 0, Long.decode(descriptor));
        b.read(5, 0x1000);

        assertThat(rules()).isEqualTo(orNone(rule));
    }

    @ParameterizedTest(name = "height {0}: {1}: {2}")
    @CsvSource({
        "1, 0x80000F41, -",
        "1, 0x80010F41, -",
        "1, 0x80020F41, descriptor-reserved-bits",
        "1, 0x80100F41, descriptor-reserved-bits",
        "2, 0xC0000F41, -",
        "2, 0xC0200F41, descriptor-reserved-bits",
        "3, 0x8000000F41, descriptor-type-reserved",
        "1, 0x1000090000003, descriptor-reserved-bits",
        "1, 0x90000FFF, -",
    })
    void shouldCheckABlockOrTableDescriptor(int height, String descriptor, String rule) {
        b.stage1(5).descriptor(0x1000, height, Long.decode(descriptor));
        b.read(5, 0x1000);

        assertThat(rules()).isEqualTo(orNone(rule));
    }

    @ParameterizedTest(name = "MemAttr {0}: {1}")
    @CsvSource({
        "0, -",
        "3, -",
        "4, descriptor-memory-type-reserved",
        "8, descriptor-memory-type-reserved",
        "12, descriptor-memory-type-reserved",
        "5, -",
        "15, -",
    })
    void shouldCheckAStage2MemoryType(long attributes, String rule) {
        TableBuilder t = new TableBuilder(b.memory, b.allocator, Aarch64Stage2.format(12, false), 48);
        stage2(5, 7, t.root());
        t.map(0x1000, SmmuBench.DATA, 0x7C0 | attributes << 2);
        assertThat(b.read(5, 0x1000).isOk()).isTrue();

        assertThat(rules()).isEqualTo(orNone(rule));
    }

    @ParameterizedTest(name = "entry 7 is {0}: {1}")
    @CsvSource({
        // 4.4: sixteen pages of 4K, aligned to 64 KiB.
        "0x10000080007F43, -",
        "0x10000080007B43, -",
        "0x00000080007F43, contiguous-inconsistent",
        "0x10000080008F43, contiguous-inconsistent",
        "0x10000080007FC3, contiguous-inconsistent",
        "0, contiguous-inconsistent",
    })
    void shouldCheckARunOfContiguousLeaves(String other, String rule) {
        TestCd cd = b.stage1(5);
        for (int i = 0; i < 16; i++) {
            cd.descriptor(0x1_0000 + i * 0x1000L, 0, 0x10_0000_8000_0F43L + i * 0x1000L);
        }
        cd.descriptor(0x1_7000, 0, Long.decode(other));
        assertThat(b.read(5, 0x1_3000).isOk()).isTrue();

        assertThat(rules()).isEqualTo(orNone(rule));
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource({
        "0x0000000500000003, 1, -",
        "0x0000000500000203, 1, command-reserved-bits",
        "0x0000000500000003, 2, command-reserved-bits",
        "0x0000000500003005, 1, -",
        "0x0000000500000006, 1, command-reserved-bits",
        "0x30, 1, command-reserved-bits",
        "0x30, 0, -",
        "0x46, 1, command-reserved-bits",
        "0x0009000500000013, 0x123456001, command-reserved-bits",
        "0x0000000500000013, 0x123456001, -",
        // NUM 3, SCALE 1, 4K, TTL 3; misaligned to a 2 MiB entry, to 16K and to 64K.
        "0x0009000500103012, 0x123456701, -",
        "0x0009000500103012, 0x123456601, tlbi-range-alignment",
        "0x0009000500103012, 0x123400601, -",
        "0x0009000500103012, 0x123456B01, tlbi-range-alignment",
        "0x0009000500103012, 0x123458B01, -",
        "0x0009000500103012, 0x123458F01, tlbi-range-alignment",
        "0x0009000500103012, 0x123450C01, -",
        "0x0009000500103012, 0x123456001, tlbi-range-ignored",
        "0x0009000500000012, 0x123456301, tlbi-range-ignored",
        "0x0009000500000012, 0x123456001, -",
    })
    void shouldCheckACommand(String word0, String word1, String rule) {
        b.command(Long.decode(word0), Long.decode(word1));

        assertThat(rules()).isEqualTo(orNone(rule));
    }

    @Test
    void shouldTakeRangeFieldsAsReservedWithoutRanges() {
        // 5.2: without IDR3.RIL, NUM, SCALE, TTL and TG are RES0.
        try (SmmuBench m = new SmmuBench(SmmuBench.withIdr3(1 << 10, 0), CacheConfiguration.standard())) {
            SmmuLint watching = m.lint();
            m.start();
            m.command(0x0009_0005_0010_3012L, 0x1_2345_6701L);

            assertThat(watching.log().findings().stream()
                            .map(f -> f.rule().id())
                            .toList())
                    .containsExactly("command-reserved-bits");
        }
    }

    @Test
    void shouldFindAStreamIdThatNoStreamHas() {
        try (SmmuBench m = SmmuBench.reset()) {
            SmmuLint watching = m.lint();
            m.start();
            m.command(0x0000_FFFF_0000_0003L, 1);
            assertThat(watching.log().findings()).isEmpty();

            m.command(0x0001_0000_0000_0003L, 1);

            assertThat(watching.log().findings().get(0).text())
                    .startsWith("command-stream-range  CFGI_STE: ")
                    .endsWith("(seen 0x1000000000003, IHI 0070 §4.3) x1");
        }
    }
}
