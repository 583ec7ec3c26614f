// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.memory.RangeState;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What an STE says about its stream: fact sheet 2.2, 2.3, 2.8 and the order of checks of 7.1. */
class StreamTableEntryTest {
    private static final String BAD_STE_5 = "0000000500000004 0000000000000000 0000000000000000 0000000000000000";

    private SmmuBench b = SmmuBench.started();

    @AfterEach
    void close() {
        b.close();
    }

    private void restart(SmmuFeatures features) {
        b.close();
        b = SmmuBench.started(features);
    }

    private void isGood() {
        b.invalidateAll();
        assertThat(b.read(5, 0x1000).isOk()).isTrue();
        assertThat(b.events()).isEmpty();
    }

    private void isBad() {
        b.invalidateAll();
        assertThat(b.read(5, 0x1000).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).containsExactly(BAD_STE_5);
    }

    @Test
    void shouldRecordBadSteWhenNotValid() {
        b.ste(5).config(4).valid(0);
        isBad();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void shouldAbortSilentlyWhenConfigSaysSo(int config) {
        // 2.3: Config 0xx; nothing else in the STE is checked.
        b.ste(5).s1CdMax(31).s1StallDisable(1).set(191, 160, -1L).config(config).valid(1);

        assertThat(b.read(5, 0x1000).status()).isEqualTo(Status.ABORT);
        assertThat(b.readSubstream(5, 3, 0x1000).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).isEmpty();
    }

    @Test
    void shouldAbortSilentlyByTheWorkedVector() {
        // Section 11: STE abort.
        b.ste(5).word(0, 0x0000_0000_0000_0001L);
        assertThat(b.read(5, 0x1000).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).isEmpty();
    }

    @Test
    void shouldBypassByTheWorkedVector() {
        // Section 11: STE bypass, SHCFG incoming.
        b.ste(5).word(0, 0x0000_0000_0000_0009L);
        b.ste(5).word(1, 0x0000_1000_0000_0000L);

        assertThat(b.write(5, 0x1234_5678).address()).isEqualTo(0x1234_5678);
        assertThat(b.read(5, 0xFFFF_FFFF_FFF8L).address()).isEqualTo(0xFFFF_FFFF_FFF8L);
        assertThat(b.fetch(5, 0).isOk()).isTrue();
    }

    @Test
    void shouldTranslateByTheWorkedVector() {
        // Section 11: STE S1, ptr 0x80001000, WB/WB/ISH, EATS full - ATS is absent, so EATS is ignored (2.5).
        b.ste(5).word(0, 0x0000_0000_8000_100BL);
        b.ste(5).word(1, 0x0000_0000_1000_00D4L);
        new TestCd(b.memory, b.allocator, 0x8000_1000L, 5).lowerTables(12, 48).map(0x1000, 0x9000_0000L);

        assertThat(b.read(5, 0x1FF8).address()).isEqualTo(0x9000_0FF8L);
    }

    @ParameterizedTest
    @ValueSource(longs = {0x0001_0000_0000_0000L, 0x8000_0000_0000_0000L, -1L})
    void shouldRecordAddressSizeWhenBypassingAddressIsAboveOas(long address) {
        // 2.3: F_ADDR_SIZE, S2=0, CLASS=IN, always aborts.
        b.ste(5).config(4).valid(1);

        assertThat(b.write(5, address).status()).isEqualTo(Status.ABORT);
        assertThat(b.events())
                .containsExactly(String.format("0000000500000011 0000020000000000 %016x 0000000000000000", address));
    }

    @Test
    void shouldTellTheAccessOfABypassFaultAfterOverrides() {
        // 6.1: PnU 97, InD 98, RnW 99 after PRIVCFG and INSTCFG; writes stay data.
        b.ste(5).privCfg(3).instCfg(3).config(4).valid(1);
        long address = 1L << 52;
        b.read(5, address);
        b.write(5, address);

        assertThat(b.events())
                .containsExactly(
                        "0000000500000011 0000020e00000000 0010000000000000 0000000000000000",
                        "0000000500000011 0000020200000000 0010000000000000 0000000000000000");
    }

    @Test
    void shouldRecordBadSubstreamIdWhenBypassHasASubstream() {
        // 2.3; before the address size (7.1, 7 before 8).
        b.ste(5).config(4).valid(1);
        assertThat(b.readSubstream(5, 0x54321, -1L).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).containsExactly("0000000554321008 0000000000000000 0000000000000000 0000000000000000");
    }

    @ParameterizedTest
    @ValueSource(ints = {6, 7})
    void shouldRecordBadSteWhenConfigSelectsAbsentStage2(int config) {
        // 2.8, 1.
        b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.ste(5).config(config);
        isBad();
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 7})
    void shouldRecordBadSteWhenConfigSelectsAbsentStage1(int config) {
        // 2.8, 1: a machine of stage 2 alone.
        restart(SmmuBench.withIdr0(0x2, 0x1));
        b.stage1(5);
        b.ste(5).config(config);
        isBad();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void shouldIgnoreEatsWhereAtsIsAbsent(int eats) {
        b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.ste(5).set(93, 92, eats);
        isGood();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void shouldIgnoreStreamWorldWhereHypIsAbsent(int strw) {
        // 2.6: StreamWorld is NS-EL1; TTB1 and privilege work as ever.
        TestCd cd = b.stage1(5).map(0x1000, SmmuBench.DATA).upperTables(12, 48);
        cd.map(-0x1000L, SmmuBench.DATA + 0x1000);
        b.ste(5).set(95, 94, strw);
        isGood();
        assertThat(b.read(5, -8L).address()).isEqualTo(SmmuBench.DATA + 0x1FF8);
    }

    @Test
    void shouldRecordBadSteWhenStallDisableMeetsNoStallModel() {
        // 2.8, 4: S1STALLD=1 with STALL_MODEL not 0b00; the model has terminate only.
        b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.ste(5).s1StallDisable(1);
        isBad();
    }

    @Test
    void shouldNotCheckStage1FieldsOfABypass() {
        // 2.2: stage 1 fields are ignored with Config=1x0; 2.8, 4 applies to 1x1.
        b.ste(5).s1StallDisable(1).s1CdMax(31).s1Fmt(2).s1ContextPtr(0x00FF_FFFF_FFFF_FFC0L);
        b.ste(5).config(4).valid(1);
        isGood();
    }

    @Test
    void shouldNotCheckStage2FieldsOfStage1() {
        // 2.2: S2* are ignored with Config=10x; S2VMID where stage 2 is absent (2.7).
        b.stage1(5).map(0x1000, SmmuBench.DATA);
        for (int word : new int[] {2, 3, 4, 5, 6, 7}) {
            b.ste(5).word(word, -1L);
        }
        isGood();
    }

    @Test
    void shouldRecordBadSteWhenVmidIsWideWithout16Bits() {
        // 2.8, 6: stage 2 implemented, VMID16=0.
        restart(SmmuBench.withIdr0(0, 0x1));
        b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.ste(5).set(143, 128, 0xFF);
        isGood();
        b.ste(5).set(143, 128, 0x100);
        isBad();
        b.ste(5).config(4);
        isGood();
    }

    @Test
    void shouldRecordBadSteWhenCdMaxExceedsSsidsize() {
        // 2.8, 4.
        restart(SmmuBench.withIdr1(0x7C0, 5 << 6));
        b.substreams(5, 0, 5, 2);
        b.cd(5, 0, 5).map(0x1000, SmmuBench.DATA);
        isGood();
        b.ste(5).s1CdMax(6);
        isBad();
    }

    @ParameterizedTest
    @CsvSource({"0, true", "1, false", "2, false", "3, true"})
    void shouldRecordBadSteWhenTwoLevelCdTablesAreAbsent(int format, boolean good) {
        // 2.8, 4: CD2L=0.
        restart(SmmuBench.withIdr0(0x8_0000, 0));
        b.substreams(5, 0, 5, 2);
        b.cd(5, 0, 5).map(0x1000, SmmuBench.DATA);
        b.ste(5).s1Fmt(format);
        if (good) {
            isGood();
        } else {
            isBad();
        }
    }

    @Test
    void shouldIgnoreTheFormatOfASingleCd() {
        // 2.2: S1Fmt is ignored if S1CDMax=0.
        restart(SmmuBench.withIdr0(0x8_0000, 0));
        b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.ste(5).s1Fmt(2);
        isGood();
    }

    @ParameterizedTest
    @CsvSource({"0, 32", "1, 36", "2, 40", "3, 42", "4, 44", "5, 48"})
    void shouldRecordBadSteWhenContextPointerIsAboveOas(int code, int bits) {
        // 2.8, 4, and 0.4.
        restart(SmmuBench.withIdr5(7, code));
        b.stage1(5);
        new TestCd(b.memory, b.allocator, (1L << bits) - 64, 5)
                .lowerTables(12, 48)
                .map(0x1000, SmmuBench.DATA);
        b.ste(5).s1ContextPtr((1L << bits) - 64);
        isGood();
        b.ste(5).s1ContextPtr(1L << bits);
        isBad();
    }

    @Test
    void shouldKeepTheSubstreamInBadSteRecords() {
        b.ste(5).config(4).valid(0);
        b.readSubstream(5, 0xFFFFF, 0x1000);
        assertThat(b.events()).containsExactly("00000005fffff804 0000000000000000 0000000000000000 0000000000000000");
    }

    @Test
    void shouldReportBadSteBeforeBadSubstream() {
        // 6.5.
        b.stage1(5);
        b.ste(5).s1StallDisable(1);
        b.readSubstream(5, 1, 0);
        assertThat(b.events().get(0)).startsWith("0000000500001804");
    }

    @Test
    void shouldReportBadSubstreamBeforeACdFetch() {
        // 7.2: before any CD access.
        TestCd cd = b.stage1(5);
        b.memory.mark(cd.address(), 64, RangeState.ABSENT);
        b.readSubstream(5, 1, 0);
        assertThat(b.events()).containsExactly("0000000500001008 0000000000000000 0000000000000000 0000000000000000");
    }

    @Test
    void shouldIgnorePermissionOverridesThatAreAbsent() {
        // IDR1.ATTR_PERMS_OVR=0: INSTCFG and PRIVCFG do nothing.
        restart(SmmuBench.withIdr1(0x400_0000, 0));
        b.stage1(5).map(0x1000, SmmuBench.DATA, TableBuilder.READ_WRITE & ~0x40L);
        b.ste(5).privCfg(3).instCfg(3);
        b.read(5, 0x1000);

        assertThat(b.events()).containsExactly("0000000500000013 0000020800000000 0000000000001000 0000000000000000");
        assertThat(b.access(5, -1, 0x1000, Access.PRIVILEGED).isOk()).isTrue();
    }
}
