// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** MTCFG, MemAttr, ALLOCCFG and SHCFG of STEs and GBPA, and what stages make of them: fact sheet 4.7, 7.5. */
class AttributeOverrideTest {
    private static final long VA = 0x1000;
    /** MAIR bytes without reserved codes. */
    private static final int[] MAIRS = {0x00, 0x04, 0x08, 0x0C, 0x44, 0x4F, 0xF4, 0xFF, 0xBB, 0x77, 0x5A, 0x12, 0xC8};

    private static final int[] MEM_ATTRS = {0, 1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15};

    private SmmuBench b = SmmuBench.started(SmmuFeatures.full());

    @AfterEach
    void close() {
        b.close();
    }

    private void overrides(int stream, int mtcfg, int memAttr, int alloccfg, int shcfg) {
        b.ste(stream)
                .set(100, 100, mtcfg)
                .set(99, 96, memAttr)
                .set(104, 101, alloccfg)
                .set(109, 108, shcfg);
    }

    private long attributes(int stream) {
        Verdict v = b.read(stream, VA);
        assertThat(v.isOk()).as("%s", v.rule()).isTrue();
        return v.attributes();
    }

    @Test
    void shouldKeepAHintThatIsTransientBehindStage2() {
        // 4.7: the hints are stage 1's; write-back transient RA WA (0x77) under write-through (0b1010) is 0x33.
        b.stage1(5).set(255, 192, 0x77).map(VA, 0x1_4000_0000L);
        TestStage2.identity(b, 5, 3).map(0x1_4000_0000L, SmmuBench.DATA, 2, TestStage2.LEAF | 0xA << 2);
        b.ste(5).config(7);

        assertThat(attributes(5) & 0xFF).isEqualTo(0x33);
    }

    @ParameterizedTest(name = "MTCFG {0}, MemAttr {1}, ALLOCCFG {2}, SHCFG {3}")
    @CsvSource({
        // Use incoming; then each field by itself. The result: attribute byte and SH.
        "0, 0,  0,  1, 0x0FF",
        "0, 0,  0,  0, 0x0FF",
        "0, 0,  0,  2, 0x2FF",
        "0, 0,  0,  3, 0x3FF",
        "0, 15, 0,  1, 0x0FF",
        "0, 0,  7,  1, 0x0FF",
        "0, 0,  8,  1, 0x0CC",
        "0, 0,  9,  1, 0x0CC",
        "0, 0,  10, 1, 0x0DD",
        "0, 0,  11, 1, 0x055",
        "0, 0,  12, 1, 0x0EE",
        "0, 0,  15, 1, 0x077",
        "1, 0,  0,  3, 0x200",
        "1, 1,  15, 0, 0x204",
        "1, 2,  0,  0, 0x208",
        "1, 3,  0,  0, 0x20C",
        "1, 5,  15, 3, 0x244",
        "1, 10, 0,  3, 0x3BB",
        "1, 10, 13, 3, 0x322",
        "1, 7,  14, 3, 0x34F",
        "1, 13, 12, 0, 0x0E4",
        "1, 15, 0,  2, 0x2FF",
        // Reserved types are Device-nGnRnE.
        "1, 4,  0,  3, 0x200",
        "1, 8,  0,  3, 0x200",
        "1, 12, 0,  3, 0x200",
    })
    void shouldOverrideWhatBypasses(int mtcfg, int memAttr, int alloccfg, int shcfg, String expected) {
        // 2.2 and 7.5: types, hints of cacheable types only, shareability of cacheable types only.
        b.ste(5).config(4).valid(1);
        overrides(5, mtcfg, memAttr, alloccfg, shcfg);
        assertThat(attributes(5)).isEqualTo(Long.decode(expected));

        // 1.8: the same fields in GBPA.
        b.write32(0x20, 0xC);
        b.write32(0x44, 0x8000_0000L | shcfg << 12 | alloccfg << 8 | mtcfg << 4 | memAttr);
        assertThat(b.read(5, VA).attributes()).as("GBPA").isEqualTo(Long.decode(expected));
    }

    @Test
    void shouldOverrideWhatGoesPastStage1() {
        // 2.4: S1DSS=01 bypasses as Config 100 does.
        b.substreams(5, 0, 4, 1);
        overrides(5, 1, 5, 0, 1);
        assertThat(attributes(5)).isEqualTo(0x244);
    }

    @Test
    void shouldIgnoreOverridesThatAreAbsent() {
        // IDR1.ATTR_TYPES_OVR=0.
        b.close();
        b = SmmuBench.reset();
        b.write32(0x44, 0x8000_2F10L);
        assertThat(b.read(5, VA).attributes()).isEqualTo(0xFF);
        b.start();
        b.ste(5).config(4).valid(1);
        overrides(5, 1, 0, 15, 2);
        assertThat(attributes(5)).isEqualTo(0xFF);
    }

    @Test
    void shouldTakeTypeAndShareabilityFromStage1() {
        // 7.5: of what comes in, only hints are left.
        b.stage1(5).set(255, 192, 0xF4).map(VA, SmmuBench.DATA, TableBuilder.READ_WRITE);
        overrides(5, 1, 1, 15, 2);
        assertThat(attributes(5)).isEqualTo(0x3F4);
    }

    @ParameterizedTest
    @CsvSource({
        // MAIR, MTCFG, MemAttr, ALLOCCFG, result: allocation and transience are pulled down.
        "0xFF, 0, 0,  0,  0x3FF",
        "0xFF, 0, 0,  8,  0x3CC",
        "0xFF, 0, 0,  12, 0x3EE",
        "0xEE, 0, 0,  10, 0x3CC",
        "0xFF, 0, 0,  15, 0x377",
        "0xDD, 0, 0,  13, 0x3CC",
        "0xBB, 0, 0,  13, 0x322",
        "0x44, 0, 0,  15, 0x244",
        "0x04, 0, 0,  15, 0x204",
        // What comes in non-cacheable, or as Device, has no hints.
        "0xFF, 1, 5,  8,  0x3FF",
        "0xFF, 1, 0,  8,  0x3FF",
        // Level by level: outer write-back, inner non-cacheable.
        "0xFF, 1, 13, 8,  0x3CF",
    })
    void shouldMergeHintsIntoStage1(String mair, int mtcfg, int memAttr, int alloccfg, String expected) {
        b.stage1(5).set(255, 192, Long.decode(mair)).map(VA, SmmuBench.DATA);
        overrides(5, mtcfg, memAttr, alloccfg, 1);
        assertThat(attributes(5)).isEqualTo(Long.decode(expected));
        assertThat(attributes(5)).as("from the IOTLB").isEqualTo(Long.decode(expected));
    }

    @Test
    void shouldKeepTheAttributesOfStreamsApartThatShareTranslations() {
        // 2.9: overrides are not part of what TLBs keep; streams of one ASID or VMID may differ in them.
        TestCd cd = b.stage1(5, 1).map(VA, SmmuBench.DATA);
        b.stage1(6, 1).ttb0(cd.get(115, 68) << 4);
        overrides(6, 0, 0, 8, 1);
        TableBuilder second = TestStage2.identity(b, 7, 3);
        TestStage2.empty(b, 8, 3);
        b.ste(7).config(6).valid(1);
        b.ste(8).config(6).set(243, 196, second.root() >>> 4).valid(1);
        overrides(8, 1, 1, 0, 1);
        for (int i = 0; i < 2; i++) {
            assertThat(attributes(5)).isEqualTo(0x3FF);
            assertThat(attributes(6)).isEqualTo(0x3CC);
            assertThat(attributes(7)).isEqualTo(0x3FF);
            assertThat(attributes(8)).isEqualTo(0x204);
        }
    }

    @Test
    void shouldLeaveTranslatedTransactionsAlone() {
        // Split-stage ATS: MTCFG and SHCFG are not for transactions with translated addresses.
        b.stage1(5).map(VA, SmmuBench.DATA);
        TestStage2.identity(b, 5, 3);
        b.ste(5).config(7).set(93, 92, 2);
        overrides(5, 1, 1, 0, 2);
        b.write32(0x20, 0x1D);
        Verdict v = new Verdict();
        b.smmu.forwardTranslated(new Transaction().read(5, SmmuBench.DATA), v);
        assertThat(v.isOk()).as("%s", v.rule()).isTrue();
        assertThat(v.attributes()).isEqualTo(0x3FF);
    }

    @Test
    void shouldTellSoftwareAttributesWithoutOverrides() {
        // 1.13: overrides do not apply to address translation operations; ATTR 63:56.
        b.stage1(5).map(VA, SmmuBench.DATA);
        overrides(5, 0, 0, 8, 1);
        assertThat(attributes(5)).isEqualTo(0x3CC);
        assertThat(b.translateFor(5, VA | 0x500) >>> 56).isEqualTo(0xFF);
    }

    @ParameterizedTest
    @CsvSource({
        "0x0001000000000012, 0x1001",
        "0x0001000000000011, 0",
        "0x0000000000000013, 0x1000",
        "0x0000000000000010, 0",
        "0x0000000000000030, 0",
    })
    void shouldInvalidateWhateverTheOverrides(String word0, String word1) {
        TestCd cd = b.stage1(5, 1).map(VA, SmmuBench.DATA);
        overrides(5, 0, 0, 8, 1);
        attributes(5);
        cd.unmap(VA);
        assertThat(b.read(5, VA).isOk()).as("stale").isTrue();
        b.command(Long.decode(word0), Long.decode(word1)).sync();
        assertThat(b.read(5, VA).isOk()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"0x000000030000002A, 0x1001", "0x0000000300000028, 0"})
    void shouldInvalidateStage2WhateverTheOverrides(String word0, String word1) {
        TableBuilder second = TestStage2.empty(b, 5, 3).map(VA, SmmuBench.DATA, TestStage2.WRITE_BACK);
        b.ste(5).config(6).valid(1);
        overrides(5, 1, 1, 0, 1);
        attributes(5);
        second.unmap(VA, 0);
        assertThat(b.read(5, VA).isOk()).as("stale").isTrue();
        b.command(Long.decode(word0), Long.decode(word1)).sync();
        assertThat(b.read(5, VA).isOk()).isFalse();
    }

    @ParameterizedTest
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldCombineOverridesWithStage2Alone(long seed) {
        // 4.7: the incoming attributes take the place of stage 1's.
        SplittableRandom random = new SplittableRandom(seed);
        TableBuilder second = TestStage2.empty(b, 5, 3);
        b.ste(5).config(6).valid(1);
        for (int i = 0; i < 500; i++) {
            int[] o = {random.nextInt(2), random.nextInt(16), random.nextInt(16), random.nextInt(4)};
            int memAttr = MEM_ATTRS[random.nextInt(MEM_ATTRS.length)];
            int sh = random.nextInt(4);
            overrides(5, o[0], o[1], o[2], o[3]);
            second.map(VA, SmmuBench.DATA, TestStage2.LEAF | memAttr << 2 | sh << 8);
            b.invalidateAll();
            long expected = NaiveAttributes.overridden(o[0], o[1], o[2], o[3])
                    .combinedWith(NaiveAttributes.memAttr(memAttr, sh))
                    .encoded();
            assertThat(attributes(5))
                    .as("%d: %s, %d, %d", i, Arrays.toString(o), memAttr, sh)
                    .isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldCombineBothStagesAndOverrides(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        TestCd cd = b.stage1(5);
        TableBuilder second = TestStage2.identity(b, 5, 3);
        b.ste(5).config(7);
        for (int i = 0; i < 500; i++) {
            int[] o = {random.nextInt(2), random.nextInt(16), random.nextInt(16), random.nextInt(4)};
            int mair = MAIRS[random.nextInt(MAIRS.length)];
            int memAttr = MEM_ATTRS[random.nextInt(MEM_ATTRS.length)];
            int[] sh = {random.nextInt(4), random.nextInt(4)};
            overrides(5, o[0], o[1], o[2], o[3]);
            cd.set(255, 192, mair).map(VA, 0x1_4000_0000L, TableBuilder.READ_WRITE & ~0x300L | sh[0] << 8);
            second.map(0x1_4000_0000L, SmmuBench.DATA, 2, TestStage2.LEAF | memAttr << 2 | sh[1] << 8);
            b.invalidateAll();
            long expected = NaiveAttributes.overridden(o[0], o[1], o[2], o[3])
                    .translatedTo(NaiveAttributes.mair(mair, sh[0]))
                    .combinedWith(NaiveAttributes.memAttr(memAttr, sh[1]))
                    .encoded();
            assertThat(attributes(5))
                    .as("%d: %s, %x, %d", i, Arrays.toString(o), mair, memAttr)
                    .isEqualTo(expected);
        }
    }
}
