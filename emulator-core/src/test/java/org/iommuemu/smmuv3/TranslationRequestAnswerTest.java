// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.iommu.Access.READ;
import static org.iommuemu.iommu.Access.WRITE;
import static org.iommuemu.smmuv3.AtsBench.ATSCHK;
import static org.iommuemu.smmuv3.AtsBench.ON;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Addresses and sizes that ATS Translation Requests get, and the caches behind them: fact sheet 2.5, 4.10, 7.3. */
class TranslationRequestAnswerTest {
    private static final long S2 = AtsBench.STAGE_2_READ_WRITE;

    private final AtsBench a = new AtsBench();

    @AfterEach
    void close() {
        a.close();
    }

    private AtsBench.Nested split() {
        a.controls(ON | ATSCHK, 0);
        AtsBench.Nested n = a.nested(1);
        a.bench.ste(1).set(93, 92, 2);
        return n;
    }

    // Sizes.

    @ParameterizedTest(name = "granule {0}, height {1}")
    @CsvSource({"12, 0, 12", "12, 1, 21", "12, 2, 30", "14, 0, 14", "14, 1, 25", "16, 0, 16", "16, 1, 29"})
    void shouldAnswerWithTheLeafsSize(int granule, int height, int log2) {
        a.stage1(1).lowerTables(granule, 48).map(0x40_0000_0000L, 0x80_0000_0000L, height, 0xF40);
        assertThat(a.ask(1, 0x40_0000_0234L, WRITE)).isEqualTo("8000000000/" + log2 + " RW");
    }

    @ParameterizedTest(name = "stage 1 height {0}, stage 2 height {1}")
    @CsvSource({"0, 0, 12", "0, 1, 12", "1, 0, 12", "1, 1, 21", "2, 1, 21", "1, 2, 21", "2, 2, 30"})
    void shouldAnswerWithTheSmallerSizeOfTheStages(int height1, int height2, int log2) {
        var n = a.nested(1);
        n.cd().map(0x40_0000_0000L, 0x80_0000_0000L, height1, 0xF40);
        n.second().map(0x80_0000_0000L, 0xC0_0000_0000L, height2, S2);
        assertThat(a.ask(1, 0x40_0000_0234L, WRITE)).isEqualTo("c000000000/" + log2 + " RW");
    }

    @ParameterizedTest(name = "stage 1 height {0}, stage 2 height {1}")
    @CsvSource({"0, 0, 12", "0, 1, 12", "1, 0, 12", "1, 1, 21", "1, 2, 21"})
    void shouldAnswerWithTheSmallerSizeInSplitStageToo(int height1, int height2, int log2) {
        var n = split();
        n.cd().map(0x40_0000_0000L, 0x80_0000_0000L, height1, 0xF40);
        n.second().map(0x80_0000_0000L, 0xC0_0000_0000L, height2, S2);
        assertThat(a.ask(1, 0x40_0000_0234L, WRITE)).isEqualTo("8000000000/" + log2 + " RW");
    }

    @Test
    void shouldAnswerForThePartOfABlockThatWasAskedFor() {
        var n = a.nested(1);
        n.cd().map(0x40_0000_0000L, 0x80_0000_0000L, 1, 0xF40);
        n.second().map(0x80_0000_3000L, 0x90_0000_7000L, S2);
        assertThat(a.ask(1, 0x40_0000_3FFFL, WRITE)).isEqualTo("9000007000/12 RW");
    }

    @Test
    void shouldUseTheUpperTables() {
        a.stage1(1).upperTables(12, 48).map(-0x5000L, 0x8000_5000L);
        assertThat(a.ask(1, -0x5000L, WRITE)).isEqualTo("80005000/12 RW");
    }

    @Test
    void shouldIgnoreTheTopByteWithTbi() {
        a.stage1(1).map(0x5000, 0x8000_5000L).set(38, 38, 1);
        assertThat(a.ask(1, 0xA5L << 56 | 0x5000, WRITE)).isEqualTo("80005000/12 RW");
    }

    // Stages.

    @Test
    void shouldAnswerWithThePhysicalAddressByFullAts() {
        a.nested(1).map(0x5000, 0x6000, 0x8000_5000L);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 RW");
    }

    @Test
    void shouldAnswerWithTheIntermediateAddressBySplitStage() {
        split().map(0x5000, 0x6000, 0x8000_5000L);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("6000/12 RW");
    }

    @Test
    void shouldAnswerWithTheIntermediateAddressAfterAnUntranslatedAccess() {
        split().map(0x5000, 0x6000, 0x8000_5000L);
        assertThat(a.bench.read(1, 0x5000).address()).isEqualTo(0x8000_5000L);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("6000/12 RW");
        assertThat(a.bench.read(1, 0x5000).address()).isEqualTo(0x8000_5000L);
    }

    @Test
    void shouldGrantByBothStagesInSplitStage() {
        var n = split();
        n.cd().map(0x5000, 0x6000).map(0x7000, 0x7000, 0xFC0);
        n.second().map(0x6000, 0x8000_5000L, AtsBench.STAGE_2_READ_ONLY).map(0x7000, 0x8000_7000L, 0x7BC);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("6000/12 R");
        assertThat(a.ask(1, 0x7000, WRITE))
                .as("read-only by one, write-only by the other")
                .isEqualTo("0/12");
    }

    @Test
    void shouldAnswerByStage2Alone() {
        a.stage2(1).map(0x20_0000, 0x8020_0000L, 1, S2);
        assertThat(a.ask(1, 0x20_5000, WRITE)).isEqualTo("80200000/21 RW");
    }

    // Requests without PASID that go past stage 1: S1DSS=01.

    /** Sizes of identity answers are free as long as they hold the address. */
    private void assertIdentity(long address) {
        String answer = a.ask(1, address, WRITE);
        long base = Long.parseUnsignedLong(answer.substring(0, answer.indexOf('/')), 16);
        int log2 = Integer.parseInt(answer.substring(answer.indexOf('/') + 1, answer.indexOf(' ')));
        assertThat(answer).endsWith(" RW");
        assertThat(base).isEqualTo(address & -(1L << log2));
        assertThat(log2).isBetween(12, 48);
    }

    @Test
    void shouldAnswerWithIdentityWhereStage1IsSkipped() {
        a.bench.substreams(1, 0, 4, 1).set(93, 92, 1);
        assertIdentity(0x1234_5000L);
        assertThat(a.bench.events()).isEmpty();
    }

    @Test
    void shouldGrantReadAndWriteByIdentityEvenWithNw() {
        a.bench.substreams(1, 0, 4, 1).set(93, 92, 1);
        assertThat(a.ask(1, 0x5000, READ)).endsWith(" RW");
    }

    @Test
    void shouldGrantNothingBeyondIasWhereStage1IsSkipped() {
        a.bench.substreams(1, 0, 4, 1).set(93, 92, 1);
        assertThat(a.ask(1, 1L << 48, WRITE)).isEqualTo("0/12");
        assertThat(a.bench.events()).isEmpty();
    }

    @Test
    void shouldTranslateByStage2WhereStage1IsSkipped() {
        a.stage2(1).map(0x5000, 0x8000_5000L, AtsBench.STAGE_2_READ_ONLY);
        a.bench.ste(1).s1CdMax(4).s1Dss(1).config(7);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 R");
    }

    @Test
    void shouldAnswerWithIdentityByStage2PermissionsInSplitStage() {
        a.controls(ON | ATSCHK, 0);
        a.stage2(1).map(0x5000, 0x8000_5000L, AtsBench.STAGE_2_READ_ONLY).map(0x20_0000, 0x8020_0000L, 1, S2);
        a.bench.ste(1).s1CdMax(4).s1Dss(1).set(93, 92, 2).config(7);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("5000/12 R");
        assertThat(a.ask(1, 0x20_5000, WRITE)).isEqualTo("200000/21 RW");
        assertThat(a.ask(1, 0x9000, WRITE)).as("not mapped").isEqualTo("0/12");
    }

    // Caches.

    @Test
    void shouldLetUntranslatedAccessesUseTheAnswer() {
        // U-25: one cached translation for both.
        TestCd cd = a.stage1(1).map(0x5000, 0x8000_5000L);
        a.ask(1, 0x5000, WRITE);
        cd.unmap(0x5000);
        assertThat(a.bench.write(1, 0x5000).address()).isEqualTo(0x8000_5000L);
    }

    @Test
    void shouldAnswerByTheTranslationOfAnUntranslatedAccess() {
        TestCd cd = a.stage1(1).map(0x5000, 0x8000_5000L);
        a.bench.read(1, 0x5000);
        cd.unmap(0x5000);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 RW");
    }

    @Test
    void shouldAnswerAnewAfterInvalidation() {
        TestCd cd = a.stage1(1).map(0x5000, 0x8000_5000L);
        a.ask(1, 0x5000, WRITE);
        cd.unmap(0x5000);
        // TLBI_NH_VA of VMID 1 and ASID 1.
        a.bench.command(0x0001_0001_0000_0012L, 0x5001).sync();
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("0/12");
        cd.map(0x5000, 0x8000_7000L);
        assertThat(a.ask(1, 0x5000, WRITE)).as("no access is not cached").isEqualTo("80007000/12 RW");
    }

    @Test
    void shouldAnswerAnewAfterInvalidationInSplitStage() {
        var n = split().map(0x5000, 0x6000, 0x8000_5000L);
        a.ask(1, 0x5000, WRITE);
        n.cd().map(0x5000, 0x7000);
        n.second().map(0x7000, 0x8000_7000L, AtsBench.STAGE_2_READ_ONLY);
        a.bench.command(0x0001_0001_0000_0012L, 0x5001).sync();
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("7000/12 R");
    }

    @Test
    void shouldHeedAChangeOfTheStreamOnceInvalidated() {
        a.stage1(1).map(0x5000, 0x8000_5000L);
        a.ask(1, 0x5000, WRITE);
        a.bench.ste(1).set(93, 92, 0);
        // CFGI_STE, leaf.
        a.bench.command(0x1_0000_0003L, 1).sync();
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("UR");
    }

    @Test
    void shouldHeedAChangeOfTheCdOnceInvalidated() {
        TestCd cd = a.stage1(1).map(0x5000, 0x8000_5000L);
        a.ask(1, 0x5000, WRITE);
        cd.set(31, 31, 0);
        // CFGI_CD, leaf.
        a.bench.command(0x1_0000_0005L, 1).sync();
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("CA");
    }

    @Test
    void shouldHeedAtschkOnceTheStreamIsInvalidated() {
        // 1.6: ATSCHK may be cached with the STE.
        a.nested(1).map(0x5000, 0x6000, 0x8000_5000L);
        a.bench.ste(1).set(93, 92, 2);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("UR");
        a.bench.write32(0x20, ON | ATSCHK);
        assertThat(a.bench.read32(0x24)).isEqualTo(ON | ATSCHK);
        a.bench.command(0x1_0000_0003L, 1).sync();
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("6000/12 RW");
    }

    @Test
    void shouldKeepSubstreamsApart() {
        a.bench.substreams(1, 0, 4, 2).set(93, 92, 1);
        a.bench.cd(1, 0, 5).map(0x5000, 0x8000_5000L);
        a.bench.cd(1, 3, 9).map(0x5000, 0x8000_9000L);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 RW");
        assertThat(a.ask(1, 3, 0x5000, WRITE)).isEqualTo("80009000/12 RW");
    }
}
