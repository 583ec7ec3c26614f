// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** STE.S2FWB: fact sheet 4.7. */
class ForcedWriteBackTest {
    private static final long VA = 0x1000;
    private static final long IPA = 0x1_4000_0000L;
    private static final int FWB = 89;
    private static final int[] MAIRS = {0x00, 0x04, 0x08, 0x0C, 0x44, 0x4F, 0xF4, 0xFF, 0xBB, 0x77, 0x5A, 0x12, 0xC8};

    private SmmuBench b = SmmuBench.started(SmmuFeatures.full());

    @AfterEach
    void close() {
        b.close();
    }

    private long attributes() {
        Verdict v = b.read(5, VA);
        assertThat(v.isOk()).as("%s", v.rule()).isTrue();
        return v.attributes();
    }

    /** A stream of both stages; inner shareable at stage 1, non-shareable at stage 2. */
    private void both(int mair, int memAttr) {
        b.stage1(5).set(255, 192, mair).map(VA, IPA);
        TestStage2.identity(b, 5, 3).map(IPA, SmmuBench.DATA, 2, TestStage2.LEAF | memAttr << 2);
        b.ste(5).config(7).set(FWB, FWB, 1);
        b.invalidateAll();
    }

    @ParameterizedTest(name = "MAIR {0}, MemAttr {1}")
    @CsvSource({
        // Device of stage 2 combines.
        "0xFF, 0,  0x200",
        "0xFF, 3,  0x20C",
        "0x04, 2,  0x204",
        // 0101: Normal is non-cacheable, Device stays.
        "0xFF, 5,  0x244",
        "0xBB, 5,  0x244",
        "0x08, 5,  0x208",
        // 0110: write-back, with the hints of a cacheable stage 1, else allocating.
        "0xFF, 6,  0x3FF",
        "0xDD, 6,  0x3DD",
        "0xAA, 6,  0x3EE",
        "0x22, 6,  0x366",
        "0x44, 6,  0x2FF",
        "0x00, 6,  0x2FF",
        "0xE4, 6,  0x3EF",
        // 0111: as stage 1 says.
        "0xFF, 7,  0x3FF",
        "0xBB, 7,  0x3BB",
        "0x44, 7,  0x244",
        "0x0C, 7,  0x20C",
        // MemAttr[3] means nothing.
        "0x44, 14, 0x2FF",
        "0xBB, 15, 0x3BB",
        "0xFF, 8,  0x200",
    })
    void shouldReadMemAttrAnew(String mair, int memAttr, String expected) {
        both(Integer.decode(mair), memAttr);
        assertThat(attributes()).isEqualTo(Long.decode(expected));
        assertThat(attributes()).as("from the IOTLB").isEqualTo(Long.decode(expected));
        b.command(0x10 | 3L << 32, 0).sync();
        assertThat(attributes()).as("from the IPA cache").isEqualTo(Long.decode(expected));
    }

    @ParameterizedTest
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldAgreeWithTheTable(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        TestCd cd = b.stage1(5);
        TableBuilder second = TestStage2.identity(b, 5, 3);
        b.ste(5).set(FWB, FWB, 1);
        int[] memAttrs = {0, 1, 2, 3, 5, 6, 7};
        for (int i = 0; i < 500; i++) {
            boolean nested = random.nextBoolean();
            int[] o = {random.nextInt(2), random.nextInt(16), random.nextInt(16), random.nextInt(4)};
            int mair = MAIRS[random.nextInt(MAIRS.length)];
            int memAttr = memAttrs[random.nextInt(memAttrs.length)];
            int[] sh = {random.nextInt(4), random.nextInt(4)};
            b.ste(5).config(nested ? 7 : 6).set(100, 100, o[0]).set(99, 96, o[1]);
            b.ste(5).set(104, 101, o[2]).set(109, 108, o[3]);
            cd.set(255, 192, mair).map(VA, IPA, TableBuilder.READ_WRITE & ~0x300L | sh[0] << 8);
            long leaf = TestStage2.LEAF | memAttr << 2 | sh[1] << 8;
            second.map(IPA, SmmuBench.DATA, 2, leaf);
            b.invalidateAll();
            NaiveAttributes first = NaiveAttributes.overridden(o[0], o[1], o[2], o[3]);
            if (nested) {
                first = first.translatedTo(NaiveAttributes.mair(mair, sh[0]));
            }
            Verdict v = b.read(5, nested ? VA : IPA);
            assertThat(v.attributes())
                    .as("%d: nested %s, %s, %x, %d", i, nested, Arrays.toString(o), mair, memAttr)
                    .isEqualTo(first.forcedBy(memAttr, sh[1]).encoded());
        }
    }

    @Test
    void shouldLetTablesLieInForcedMemory() {
        // 2.7: S2PTW refuses Device mappings; forced write-back is none.
        both(0xFF, 7);
        TestStage2.empty(b, 5, 3)
                .map(0, 0, 2, TestStage2.LEAF | 6 << 2)
                .map(IPA, SmmuBench.DATA, 2, TestStage2.LEAF | 6 << 2);
        b.ste(5).set(182, 182, 1);
        b.invalidateAll();
        assertThat(attributes()).isEqualTo(0x3FF);
    }

    @Test
    void shouldIgnoreItWhereItIsAbsent() {
        // IDR3.FWB=0: MemAttr 0110 is outer non-cacheable, inner write-through.
        SmmuFeatures f = SmmuFeatures.full();
        b.close();
        b = SmmuBench.started(SmmuBench.features(f.idr0(), f.idr1(), f.idr3() & ~0x100L, f.idr5()));
        both(0xFF, 6);
        assertThat(attributes()).isEqualTo(0x34B);
    }

    @Test
    void shouldIgnoreItWithoutStage2() {
        b.stage1(5).set(255, 192, 0x44).map(VA, SmmuBench.DATA);
        b.ste(5).set(FWB, FWB, 1);
        assertThat(attributes()).isEqualTo(0x244);
    }
}
