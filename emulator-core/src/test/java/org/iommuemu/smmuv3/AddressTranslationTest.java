// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Address translation operations that succeed, and their registers: fact sheet 1.13, IHI 0070 chapter 9. */
class AddressTranslationTest {
    private static final long S1 = 0x400;
    private static final long S2 = 0x800;
    private static final long BOTH = 0xC00;
    private static final long PRIVILEGED = 0x200;
    private static final long READ = 0x100;
    private static final long INSTRUCTION = 0x80;
    private static final long HTTUI = 0x40;
    private static final long DBM = 1L << 51;
    /** PAR of page 0x80005000, write-back, inner shareable. */
    private static final long PAGE = 0xFF00_0000_8000_5300L;

    private final AtsBench a = new AtsBench();

    @AfterEach
    void close() {
        a.close();
    }

    // Result address and size.

    @Test
    void shouldTranslateByStage1() {
        a.stage1(1).map(0x5000, 0x8000_5000L);
        assertThat(a.gatos(1, 0x5000 | S1 | READ)).isEqualTo(PAGE);
        assertThat(a.bench.read32(0x100)).as("RUN").isZero();
    }

    @ParameterizedTest(name = "granule {0}, height {1}")
    @CsvSource({
        // Size is bit 11, SH 9:8; the lowest one of the address is half the size.
        "12, 0, 0xFF00008000000300", "12, 1, 0xFF00008000100B00", "12, 2, 0xFF00008020000B00",
        "14, 0, 0xFF00008000002B00", "14, 1, 0xFF00008001000B00", "16, 0, 0xFF00008000008B00",
        "16, 1, 0xFF00008010000B00"
    })
    void shouldTellTheSize(int granule, int height, String par) {
        a.stage1(1).lowerTables(granule, 48).map(0x40_0000_0000L, 0x80_0000_0000L, height, 0xF40);
        assertThat(a.gatos(1, 0x40_0000_0000L | S1 | READ)).isEqualTo(Long.parseUnsignedLong(par.substring(2), 16));
    }

    @Test
    void shouldAlignTheResultToItsSize() {
        a.stage1(1).map(0x20_0000, 0x8020_0000L, 1, 0xF40);
        assertThat(a.gatos(1, 0x21_3000 | S1 | READ)).isEqualTo(0xFF00_0000_8030_0B00L);
    }

    @Test
    void shouldTranslateByEachStageOfANestedStream() {
        a.nested(1).map(0x5000, 0x6000, 0x8000_5000L);
        assertThat(a.gatos(1, 0x5000 | S1 | READ)).isEqualTo(0xFF00_0000_0000_6300L);
        assertThat(a.gatos(1, 0x6000 | S2 | READ)).isEqualTo(PAGE);
        assertThat(a.gatos(1, 0x5000 | BOTH | READ)).isEqualTo(PAGE);
    }

    @Test
    void shouldNotTranslateTheResultOfStage1AnyFurther() {
        a.nested(1).cd().map(0x5000, 0x7000_0000L);
        assertThat(a.gatos(1, 0x5000 | S1 | READ)).isEqualTo(0xFF00_0000_7000_0300L);
    }

    @Test
    void shouldTranslateByStage2Alone() {
        a.stage2(1).map(0x6000, 0x8000_5000L, AtsBench.STAGE_2_READ_WRITE);
        assertThat(a.gatos(1, 0x6000 | S2 | READ)).isEqualTo(PAGE);
    }

    @Test
    void shouldTellTheSmallerSizeOfTheStages() {
        var n = a.nested(1);
        n.cd().map(0x20_0000, 0x4000_0000L, 1, 0xF40);
        n.second().map(0x4000_0000L, 0x8000_0000L, 2, AtsBench.STAGE_2_READ_WRITE);
        assertThat(a.gatos(1, 0x20_0000 | BOTH | READ)).isEqualTo(0xFF00_0000_8010_0B00L);
        assertThat(a.gatos(1, 0x4000_0000L | S2 | READ)).isEqualTo(0xFF00_0000_A000_0B00L);
    }

    @Test
    void shouldTranslateForASubstream() {
        a.bench.substreams(1, 0, 4, 0);
        a.bench.cd(1, 3, 9).map(0x5000, 0x8000_5000L);
        assertThat(a.gatos(0x0010_0003_0000_0001L, 0x5000 | S1 | READ)).isEqualTo(PAGE);
    }

    // Attributes.

    @ParameterizedTest(name = "AttrIndx {0}, SH {1}")
    @CsvSource({"0, 3, ff, 3", "0, 2, ff, 2", "0, 0, ff, 0", "1, 3, 44, 2", "2, 0, 04, 2", "5, 3, bb, 3"})
    void shouldTellTheAttributesOfStage1(long index, long sh, String attr, long outSh) {
        // Device and non-cacheable are always outer shareable.
        a.stage1(1).map(0x5000, 0x8000_5000L, 0xC40 | sh << 8 | index << 2);
        assertThat(a.gatos(1, 0x5000 | S1 | READ)).isEqualTo(par(attr, outSh));
    }

    @ParameterizedTest(name = "MemAttr {0}")
    @CsvSource({"15, ff, 3", "10, bb, 3", "5, 44, 2", "7, 4f, 3", "1, 04, 2", "0, 00, 2"})
    void shouldTellTheAttributesOfStage2(long memAttr, String attr, long outSh) {
        // RA and WA are 1, as stage 2 has no hints.
        a.nested(1).second().map(0x6000, 0x8000_5000L, 0x7C0 | memAttr << 2);
        assertThat(a.gatos(1, 0x6000 | S2 | READ)).isEqualTo(par(attr, outSh));
    }

    @ParameterizedTest(name = "AttrIndx {0}, MemAttr {1}")
    @CsvSource({"0, 15, ff, 3", "0, 5, 44, 2", "2, 15, 04, 2", "0, 1, 04, 2", "1, 15, 44, 2", "0, 10, bb, 3"})
    void shouldTellTheCombinedAttributes(long index, long memAttr, String attr, long outSh) {
        var n = a.nested(1);
        n.cd().map(0x5000, 0x6000, 0xF40 | index << 2);
        n.second().map(0x6000, 0x8000_5000L, 0x7C0 | memAttr << 2);
        assertThat(a.gatos(1, 0x5000 | BOTH | READ)).isEqualTo(par(attr, outSh));
    }

    private static long par(String attr, long sh) {
        return Long.parseLong(attr, 16) << 56 | 0x8000_5000L | sh << 8;
    }

    // Overrides do not apply.

    @Test
    void shouldNotApplyOverrides() {
        a.stage1(1).map(0x5000, 0x8000_5000L, 0xF00).map(0x6000, 0x8000_6000L, 0xFC0 | 1L << 54);
        // INSTCFG and PRIVCFG; MTCFG with Device, SHCFG.
        a.bench.ste(1).instCfg(3).privCfg(3).set(100, 100, 1).set(109, 108, 2);
        assertThat(a.gatos(1, 0x5000 | S1 | READ)).as("F_PERMISSION").isEqualTo(0x131);
        assertThat(a.gatos(1, 0x6000 | S1 | READ)).isEqualTo(0xFF00_0000_8000_6300L);
    }

    // Where stage 1 is skipped: S1DSS=01.

    @Test
    void shouldReturnTheAddressItselfWhereStage1IsSkipped() {
        a.bench.substreams(1, 0, 4, 1);
        long par = a.gatos(1, 0x5000 | S1 | READ);
        // The size and attributes are free; this is a page.
        assertThat(par & 0x00FF_FFFF_FFFF_F801L).isEqualTo(0x5000);
    }

    @Test
    void shouldTranslateByStage2WhereStage1IsSkipped() {
        a.stage2(1).map(0x5000, 0x8000_5000L, AtsBench.STAGE_2_READ_WRITE);
        a.bench.ste(1).s1CdMax(4).s1Dss(1).config(7);
        assertThat(a.gatos(1, 0x5000 | BOTH | READ)).isEqualTo(PAGE);
    }

    // Updates of descriptors.

    private long leaf(TableBuilder tables, long address) {
        return a.memory.readLong(tables.descriptorAddress(address, 0)) & ~0xFFFF_FFFF_F003L;
    }

    @ParameterizedTest(name = "HTTUI {0}")
    @ValueSource(longs = {0, HTTUI})
    void shouldUpdateStage1UnlessInhibited(long httui) {
        TestCd cd = a.stage1(1).set(43, 42, 3).map(0x5000, 0x8000_5000L, 0xBC0 | DBM);
        assertThat(a.gatos(1, 0x5000 | S1 | READ | httui)).isEqualTo(PAGE);
        assertThat(leaf(cd.tables(0), 0x5000)).isEqualTo(httui != 0 ? 0xBC0 | DBM : 0xFC0 | DBM);
        assertThat(a.gatos(1, 0x5000 | S1 | httui)).isEqualTo(PAGE);
        assertThat(leaf(cd.tables(0), 0x5000)).isEqualTo(httui != 0 ? 0xBC0 | DBM : 0xF40 | DBM);
    }

    @ParameterizedTest(name = "HTTUI {0}")
    @ValueSource(longs = {0, HTTUI})
    void shouldUpdateStage2UnlessInhibited(long httui) {
        var n = a.nested(1);
        a.bench.ste(1).set(184, 183, 3);
        n.cd().map(0x5000, 0x6000);
        n.second().map(0x6000, 0x8000_5000L, 0x37C | DBM);
        assertThat(a.gatos(1, 0x5000 | BOTH | httui)).isEqualTo(PAGE);
        assertThat(leaf(n.second(), 0x6000)).isEqualTo(httui != 0 ? 0x37C | DBM : 0x7FC | DBM);
    }

    @Test
    void shouldNotUpdateStage2ForARequestOfStage1() {
        var n = a.nested(1);
        a.bench.ste(1).set(184, 183, 3);
        n.cd().map(0x5000, 0x6000);
        n.second().map(0x6000, 0x8000_5000L, 0x77C | DBM);
        a.gatos(1, 0x5000 | S1);
        assertThat(leaf(n.second(), 0x6000)).isEqualTo(0x77C | DBM);
    }

    @Test
    void shouldLetAnAccessUpdateAfterAnInhibitedOperation() {
        var n = a.nested(1);
        n.cd().set(43, 42, 3);
        a.bench.ste(1).set(184, 183, 3);
        n.cd().map(0x5000, 0x6000, 0xBC0 | DBM);
        n.second().map(0x6000, 0x8000_5000L, 0x37C | DBM);
        assertThat(a.gatos(1, 0x5000 | BOTH | HTTUI)).isEqualTo(PAGE);
        assertThat(a.bench.write(1, 0x5000).isOk()).isTrue();
        assertThat(leaf(n.cd().tables(0), 0x5000)).isEqualTo(0xF40 | DBM);
        assertThat(leaf(n.second(), 0x6000)).isEqualTo(0x7FC | DBM);
    }

    // Caches.

    @Test
    void shouldLeaveNothingInTheIotlb() {
        TestCd cd = a.stage1(1).map(0x5000, 0x8000_5000L);
        a.gatos(1, 0x5000 | S1 | READ);
        cd.unmap(0x5000);
        assertThat(a.bench.read(1, 0x5000).isOk()).isFalse();
    }

    @Test
    void shouldNotAnswerFromTheIotlb() {
        TestCd cd = a.stage1(1).map(0x5000, 0x8000_5000L);
        a.bench.read(1, 0x5000);
        cd.unmap(0x5000);
        assertThat(a.gatos(1, 0x5000 | S1 | READ)).as("F_TRANSLATION").isEqualTo(0x101);
        assertThat(a.bench.events()).isEmpty();
    }

    // Registers.

    @Test
    void shouldNotRunWhileTranslationIsOff() {
        a.stage1(1).map(0x5000, 0x8000_5000L);
        a.bench.write32(0x20, 0xC);
        assertThat(a.gatos(1, 0x5000 | S1 | READ)).isZero();
        assertThat(a.bench.read32(0x100)).isZero();
        a.bench.write32(0x20, 0xD);
        assertThat(a.bench.read64(0x118)).as("nothing was waiting").isZero();
        a.bench.write32(0x100, 1);
        assertThat(a.bench.read64(0x118)).isEqualTo(PAGE);
    }

    @Test
    void shouldNotRunByAWriteOfZero() {
        a.stage1(1).map(0x5000, 0x8000_5000L);
        a.bench.write64(0x108, 1);
        a.bench.write64(0x110, 0x5000 | S1 | READ);
        a.bench.write32(0x100, 0xFFFF_FFFEL);
        assertThat(a.bench.read64(0x118)).isZero();
    }

    @Test
    void shouldReadBackWhatIsImplemented() {
        // SIDSIZE 16, SSIDSIZE 20.
        a.bench.write64(0x108, -1L);
        a.bench.write64(0x110, -1L);
        a.bench.write64(0x118, -1L);
        assertThat(a.bench.read64(0x108)).isEqualTo(0x001F_FFFF_0000_FFFFL);
        assertThat(a.bench.read64(0x110)).isEqualTo(0xFFFF_FFFF_FFFF_FFC0L);
        assertThat(a.bench.read64(0x118)).isZero();
    }

    @Test
    void shouldHaveNoSubstreamFieldsWithoutSubstreams() {
        try (AtsBench n = new AtsBench(AtsBench.IDR0, AtsBench.IDR1 & ~0x7C0L, AtsBench.IDR3, AtsBench.IDR5)) {
            n.bench.write64(0x108, -1L);
            assertThat(n.bench.read64(0x108)).isEqualTo(0xFFFF);
        }
    }

    @Test
    void shouldHaveNoRegistersWithoutAtos() {
        try (AtsBench n = new AtsBench(AtsBench.IDR0 & ~0x8000L, AtsBench.IDR1, AtsBench.IDR3, AtsBench.IDR5)) {
            n.stage1(1).map(0x5000, 0x8000_5000L);
            assertThat(n.gatos(1, 0x5000 | S1 | READ)).isZero();
            assertThat(n.bench.read64(0x108)).isZero();
            assertThat(n.bench.read64(0x110)).isZero();
        }
    }

    // What is asked.

    @ParameterizedTest(name = "page {0}, asked {1}")
    @CsvSource({
        "0xF40, 0x100, true", "0xF40, 0x000, true", "0xF40, 0x300, true", "0xF40, 0x380, false", "0xF40, 0x180, true",
        "0xFC0, 0x000, false", "0xFC0, 0x200, false", "0xFC0, 0x380, true", "0xF00, 0x100, false", "0xF00, 0x200, true",
        "0xF80, 0x180, true", "0xF80, 0x100, false", "0xF40, 0x080, true", "0xF00, 0x280, true"
    })
    void shouldNeedThePermissionThatIsAskedFor(String page, String asked, boolean granted) {
        // PnU 9, RnW 8, InD 7, which is ignored for writes.
        a.stage1(1).map(0x5000, 0x8000_5000L, Long.decode(page));
        assertThat(Long.decode(asked) & ~(PRIVILEGED | READ | INSTRUCTION)).isZero();
        assertThat(a.gatos(1, 0x5000 | S1 | Long.decode(asked))).isEqualTo(granted ? PAGE : 0x131);
    }
}
