// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The interface for one virtual machine: fact sheet 1.13, IHI 0070 §9.1.6. */
class VirtualAddressTranslationTest {
    private static final long SEL = 0x180;
    private static final long S1 = 0x500;
    private static final long S2 = 0x900;
    private static final long BOTH = 0xD00;
    private static final long INV_REQ = 0xFF1;
    private static final long INV_STAGE = 0xFE1;
    private static final long BAD_STE = 0x041;

    private final AtsBench a = new AtsBench();

    @AfterEach
    void close() {
        assertThat(a.bench.events()).isEmpty();
        a.close();
    }

    /** Lets the interface see streams of VMID 1; each stream of the bench has its StreamID as VMID. */
    private void select() {
        a.bench.write32(SEL, 1);
    }

    @Test
    void shouldTranslateByStage1OfAMatchingStream() {
        select();
        a.stage1(1).map(0x5000, 0x8000_5000L);
        assertThat(a.vatos(1, 0x5000 | S1)).isEqualTo(0xFF00_0000_8000_5300L);
    }

    @Test
    void shouldReturnTheIntermediateAddressOfANestedStream() {
        select();
        a.nested(1).map(0x5000, 0x6000, 0x8000_5000L);
        assertThat(a.vatos(1, 0x5000 | S1)).isEqualTo(0xFF00_0000_0000_6300L);
    }

    @ParameterizedTest(name = "request {0}")
    @ValueSource(longs = {0x100, S2, BOTH})
    void shouldOnlyKnowStage1(long request) {
        select();
        a.nested(1).map(0x5000, 0x6000, 0x8000_5000L);
        assertThat(a.vatos(1, 0x5000 | request)).isEqualTo(INV_REQ);
        assertThat(a.vatos(2, 0x5000 | request))
                .as("before the stream is looked at")
                .isEqualTo(INV_REQ);
    }

    @Test
    void shouldHideStreamsOfOtherMachines() {
        select();
        a.stage1(2).map(0x5000, 0x8000_5000L);
        assertThat(a.vatos(2, 0x5000 | S1)).isEqualTo(BAD_STE);
        a.nested(3).map(0x5000, 0x6000, 0x8000_5000L);
        assertThat(a.vatos(3, 0x5000 | S1)).isEqualTo(BAD_STE);
    }

    @Test
    void shouldHideOtherStreamsBeforeTheirStagesAndSubstreams() {
        select();
        a.stage2(2);
        assertThat(a.vatos(2, 0x5000 | S1)).isEqualTo(BAD_STE);
        a.bench.substreams(3, 0, 4, 0).set(143, 128, 3);
        assertThat(a.vatos(3, 0x5000 | S1)).isEqualTo(BAD_STE);
    }

    @Test
    void shouldMissStage1OfAMatchingStream() {
        select();
        a.stage2(1);
        assertThat(a.vatos(1, 0x5000 | S1)).isEqualTo(INV_STAGE);
    }

    @ParameterizedTest(name = "Config {0}")
    @ValueSource(ints = {0, 1, 3, 4})
    void shouldHideStreamsWithoutVmid(int config) {
        select();
        a.stage1(1);
        a.bench.ste(1).config(config);
        assertThat(a.vatos(1, 0x5000 | S1)).isEqualTo(BAD_STE);
    }

    @Test
    void shouldReportEarlierErrorsAsTheyAre() {
        select();
        assertThat(a.vatos(0x100, 0x5000 | S1)).as("C_BAD_STREAMID").isEqualTo(0x021);
        assertThat(a.vatos(1, 0x5000 | S1)).isEqualTo(BAD_STE);
    }

    @Test
    void shouldReportLaterFaultsOfAMatchingStream() {
        select();
        a.stage1(1);
        assertThat(a.vatos(1, 0x5000 | S1)).as("F_TRANSLATION").isEqualTo(0x101);
        a.bench.ste(1).s1CdMax(4);
        a.invalidateAll();
        assertThat(a.vatos(1, 0x5000 | S1)).as("F_STREAM_DISABLED").isEqualTo(0x061);
    }

    @Test
    void shouldHideStage2OfAMatchingStream() {
        select();
        a.nested(1).cd().ttb0(0x7000_0000L);
        assertThat(a.vatos(1, 0x5000 | S1)).as("F_WALK_EABT").isEqualTo(0x0B1);
    }

    @Test
    void shouldBeApartFromTheGlobalInterface() {
        select();
        a.stage1(1).map(0x5000, 0x8000_5000L).map(0x6000, 0x8000_6000L);
        a.vatos(1, 0x5000 | S1);
        a.gatos(1, 0x6000 | S1);
        assertThat(a.bench.read64(0x2_0A10)).isEqualTo(0x5000 | S1);
        assertThat(a.bench.read64(0x2_0A18)).isEqualTo(0xFF00_0000_8000_5300L);
        assertThat(a.bench.read64(0x118)).isEqualTo(0xFF00_0000_8000_6300L);
    }

    @Test
    void shouldNotRunWhileTranslationIsOff() {
        select();
        a.stage1(1).map(0x5000, 0x8000_5000L);
        a.bench.write32(0x20, 0xC);
        assertThat(a.vatos(1, 0x5000 | S1)).isZero();
    }

    @Test
    void shouldReadBackWhatIsImplemented() {
        a.bench.write32(SEL, 0xFFFF_FFFFL);
        a.bench.write64(0x2_0A08, -1L);
        a.bench.write64(0x2_0A10, -1L);
        assertThat(a.bench.read32(SEL)).isEqualTo(0xFFFF);
        assertThat(a.bench.read64(0x2_0A08)).isEqualTo(0x001F_FFFF_0000_FFFFL);
        assertThat(a.bench.read64(0x2_0A10)).isEqualTo(0xFFFF_FFFF_FFFF_FFC0L);
    }

    @ParameterizedTest(name = "IDR0 without {0}")
    @ValueSource(longs = {0x10_0000, 0x8000, 1, 2})
    void shouldHaveNoRegistersWithoutTheFeature(long absent) {
        // VATOS needs ATOS and both stages.
        try (AtsBench n = new AtsBench(AtsBench.IDR0 & ~absent, AtsBench.IDR1, AtsBench.IDR3, AtsBench.IDR5)) {
            assertThat(n.bench.read32(0) & 0x10_0000).isZero();
            assertThat(n.vatos(1, 0x5000 | S1)).isZero();
            n.bench.write32(SEL, 1);
            for (long offset : new long[] {SEL, 0x2_0A00, 0x2_0A08, 0x2_0A10, 0x2_0A18}) {
                assertThat(n.bench.read32(offset)).as("0x%x", offset).isZero();
            }
        }
    }
}
