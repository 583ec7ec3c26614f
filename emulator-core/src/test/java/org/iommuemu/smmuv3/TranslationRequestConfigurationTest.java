// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.iommu.Access.INSTRUCTION;
import static org.iommuemu.iommu.Access.PRIVILEGED;
import static org.iommuemu.iommu.Access.READ;
import static org.iommuemu.iommu.Access.WRITE;
import static org.iommuemu.smmuv3.AtsBench.ATSCHK;
import static org.iommuemu.smmuv3.AtsBench.NONE;
import static org.iommuemu.smmuv3.AtsBench.ON;
import static org.iommuemu.smmuv3.AtsBench.RECINVSID;
import static org.iommuemu.smmuv3.AtsBench.REC_CFG_ATS;

import java.util.function.Consumer;
import java.util.stream.Stream;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** ATS Translation Requests that get no translation because of configuration: fact sheet 7.3, steps 1 to 4. */
class TranslationRequestConfigurationTest {
    private static final String ZEROES = " 0000000000000000";

    private final AtsBench a = new AtsBench();

    @AfterEach
    void close() {
        a.close();
    }

    /** F_BAD_ATS_TREQ of stream 1 without PASID for one STU at page 5; R is always 1. */
    private static String refused(boolean write) {
        return "0000000100000005 00000000" + (write ? "c" : "8") + "0000001 0000000000005000" + ZEROES;
    }

    // Step 1: translation is off.

    @Test
    void shouldRefuseWhileTranslationIsOff() {
        a.stage1(1).map(0x5000, 0x8000_5000L);
        a.bench.write32(0x20, 0xC);

        assertThat(a.ask(1, 0x5123, READ)).isEqualTo("UR");

        assertThat(a.bench.events()).containsExactly(refused(false));
    }

    @Test
    void shouldRefuseOutOfRangeStreamsWhileTranslationIsOff() {
        a.bench.write32(0x20, 0xC);
        assertThat(a.ask(0x100, 0x5000, READ)).isEqualTo("UR");
        assertThat(a.bench.events()).containsExactly("0000010000000005 0000000080000001 0000000000005000" + ZEROES);
    }

    @Test
    void shouldServeAgainOnceTranslationIsOn() {
        a.stage1(1).map(0x5000, 0x8000_5000L);
        a.bench.write32(0x20, 0xC);
        a.ask(1, 0x5000, READ);
        a.bench.write32(0x20, ON);
        assertThat(a.ask(1, 0x5000, READ)).isEqualTo("80005000/12 RW");
    }

    // Steps 2 and 4: errors of configuration.

    static Stream<Arguments> errors() {
        return Stream.of(
                error("C_BAD_STREAMID", 0x100, NONE, a -> {}, "0000010000000002", 0),
                error("C_BAD_STREAMID with PASID", 0x100, 9, a -> {}, "0000010000009802", 0),
                error("F_STE_FETCH", 2, NONE, a -> absent(a, 0x10_0080), "0000000200000003", 0x10_0080),
                error("C_BAD_STE: V=0", 1, NONE, a -> {}, "0000000100000004", 0),
                error("C_BAD_STE: EATS split without stage 2", 1, NONE, a -> eats(a, 2), "0000000100000004", 0),
                error("C_BAD_SUBSTREAMID: S1CDMax=0", 1, 7, a -> a.stage1(1), "0000000100007008", 0),
                error("C_BAD_SUBSTREAMID: stage 2 alone", 1, 7, a -> a.stage2(1), "0000000100007008", 0),
                error("C_BAD_SUBSTREAMID: range", 1, 16, a -> substreams(a, 0, 0), "0000000100010008", 0),
                error("C_BAD_SUBSTREAMID: L1CD.V=0", 1, 3, a -> substreams(a, 1, 0), "0000000100003008", 0),
                error("F_STREAM_DISABLED: S1DSS=0", 1, NONE, a -> substreams(a, 0, 0), "0000000100000006", 0),
                error("F_STREAM_DISABLED: S1DSS=2", 1, 0, a -> substreams(a, 0, 2), "0000000100000006", 0),
                error("F_CD_FETCH", 1, NONE, a -> fetch(a, 0x30_0000_0040L), "0000000100000009", 0x30_0000_0040L),
                error("C_BAD_CD", 1, NONE, a -> a.stage1(1).set(31, 31, 0), "000000010000000a", 0),
                error("C_BAD_CD with PASID", 1, 5, a -> substreams(a, 0, 0), "000000010000580a", 0));
    }

    private static Arguments error(
            String name, int stream, int pasid, Consumer<AtsBench> arrange, String word0, long fetchAddress) {
        String event = word0 + ZEROES + ZEROES + String.format(" %016x", fetchAddress);
        return Arguments.of(name, stream, pasid, arrange, event);
    }

    private static void absent(AtsBench a, long at) {
        a.memory.mark(at, 64, RangeState.ABSENT);
    }

    private static void eats(AtsBench a, int code) {
        a.stage1(1);
        a.bench.ste(1).set(93, 92, code);
    }

    private static void fetch(AtsBench a, long at) {
        a.stage1(1);
        a.bench.ste(1).s1ContextPtr(at);
        absent(a, at);
    }

    private static void substreams(AtsBench a, int fmt, int dss) {
        a.bench.substreams(1, fmt, fmt == 0 ? 4 : 10, dss).set(93, 92, 1);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("errors")
    void shouldAbortSilentlyWithoutRecCfgAts(
            String name, int stream, int pasid, Consumer<AtsBench> arrange, String event) {
        arrange.accept(a);
        assertThat(a.ask(stream, pasid, 0x5000, WRITE)).isEqualTo("CA");
        assertThat(a.bench.events()).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("errors")
    void shouldAbortAndRecordWithRecCfgAts(
            String name, int stream, int pasid, Consumer<AtsBench> arrange, String event) {
        arrange.accept(a);
        a.controls(ON, REC_CFG_ATS | RECINVSID);
        assertThat(a.ask(stream, pasid, 0x5000, WRITE)).isEqualTo("CA");
        assertThat(a.bench.events()).containsExactly(event);
    }

    @Test
    void shouldNotRecordBadStreamsWithoutRecInvSid() {
        a.controls(ON, REC_CFG_ATS);
        assertThat(a.ask(0x100, 0x5000, READ)).isEqualTo("CA");
        assertThat(a.bench.events()).isEmpty();
    }

    @Test
    void shouldNotHaveRecCfgAtsWithoutAtsRecErr() {
        // 1.7: REC_CFG_ATS only if IDR0.ATSRECERR.
        try (AtsBench n = new AtsBench(AtsBench.IDR0 & ~(1L << 23), AtsBench.IDR1, AtsBench.IDR3, AtsBench.IDR5)) {
            n.controls(ON, REC_CFG_ATS | RECINVSID);
            assertThat(n.bench.read32(0x2C)).isEqualTo(RECINVSID);
            assertThat(n.ask(1, 0x5000, READ)).isEqualTo("CA");
            assertThat(n.bench.events()).isEmpty();
        }
    }

    @Test
    void shouldRecordOrdinaryTransactionsWhateverRecCfgAtsSays() {
        a.bench.read(1, 0x5000);
        assertThat(a.bench.events()).containsExactly("0000000100000004" + ZEROES + ZEROES + ZEROES);
    }

    // Step 3: streams without ATS.

    @ParameterizedTest(name = "Config {0}")
    @ValueSource(ints = {0, 1, 2, 3})
    void shouldRefuseSilentlyWhereTheStreamAborts(int config) {
        a.controls(ON, REC_CFG_ATS | RECINVSID);
        a.bench.ste(1).config(config).set(93, 92, 1).valid(1);
        assertThat(a.ask(1, 0x5000, READ)).isEqualTo("UR");
        assertThat(a.bench.events()).isEmpty();
    }

    @ParameterizedTest(name = "EATS {0}")
    @ValueSource(ints = {0, 1, 2, 3})
    void shouldRefuseBypassingStreams(int eats) {
        // 2.3: the effective EATS of Config=100 is 00, and EATS is not checked (2.8).
        a.bench.ste(1).config(4).set(93, 92, eats).valid(1);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("UR");
        assertThat(a.bench.events()).containsExactly(refused(true));
    }

    @Test
    void shouldRefuseStreamsWithoutAts() {
        eats(a, 0);
        assertThat(a.ask(1, 0x5FFF, READ)).isEqualTo("UR");
        assertThat(a.bench.events()).containsExactly(refused(false));
    }

    @Test
    void shouldRefuseSplitStageWithoutAtschk() {
        a.nested(1).map(0x5000, 0x6000, 0x8000_5000L);
        a.bench.ste(1).set(93, 92, 2);
        assertThat(a.ask(1, 0x5000, READ)).isEqualTo("UR");
        assertThat(a.bench.events()).containsExactly(refused(false));
    }

    @ParameterizedTest(name = "CR0 {0}")
    @ValueSource(longs = {ON, ON | ATSCHK})
    void shouldRefuseTheDevicePermissionTable(long cr0) {
        // 2.5: 11 acts as 00 where IDR3.DPT=0, with and without ATSCHK.
        a.controls(cr0, 0);
        eats(a, 3);
        assertThat(a.ask(1, 0x5000, READ)).isEqualTo("UR");
        assertThat(a.bench.events()).containsExactly(refused(false));
    }

    @Test
    void shouldRecordWhatWasAskedWithAPasid() {
        // 6.1: SSV, SubstreamID, P 92, X 93, W 94, R 95, page 191:140.
        a.bench.ste(1).config(4).valid(1);
        a.ask(1, 3, 0xFFFF_8765_4321_0FEDL, WRITE | INSTRUCTION | PRIVILEGED);
        a.ask(1, 3, 0x5000, PRIVILEGED);
        a.ask(1, 3, 0x5000, INSTRUCTION);
        assertThat(a.bench.events())
                .containsExactly(
                        "0000000100003805 00000000f0000001 ffff876543210000" + ZEROES,
                        "0000000100003805 0000000090000001 0000000000005000" + ZEROES,
                        "0000000100003805 00000000a0000001 0000000000005000" + ZEROES);
    }

    @Test
    void shouldRecordNeitherExecuteNorPrivilegeWithoutAPasid() {
        a.bench.ste(1).config(4).valid(1);
        a.ask(1, 0x5000, INSTRUCTION | PRIVILEGED);
        assertThat(a.bench.events()).containsExactly(refused(false));
    }

    @Test
    void shouldRecordTheAttributesBeforeOverrides() {
        a.bench.ste(1).config(4).privCfg(3).instCfg(3).valid(1);
        a.ask(1, 0x5000, READ);
        assertThat(a.bench.events()).containsExactly(refused(false));
    }

    @Test
    void shouldCheckAtsBeforeSubstreams() {
        a.controls(ON, REC_CFG_ATS);
        eats(a, 0);
        assertThat(a.ask(1, 7, 0x5000, READ)).isEqualTo("UR");
        assertThat(a.bench.events()).containsExactly("0000000100007805 0000000080000001 0000000000005000" + ZEROES);
    }

    @Test
    void shouldCheckAtsBeforeTheCd() {
        a.controls(ON, REC_CFG_ATS);
        a.stage1(1).set(31, 31, 0);
        a.bench.ste(1).set(93, 92, 0);
        assertThat(a.ask(1, 0x5000, READ)).isEqualTo("UR");
        assertThat(a.bench.events()).containsExactly(refused(false));
    }

    // When EATS is illegal (2.5).

    @ParameterizedTest(name = "Config {0}, EATS {1}, S2S {2}")
    @CsvSource({
        "5, 1, 1, true",
        "6, 1, 0, true",
        "6, 1, 1, false",
        "7, 1, 1, false",
        "7, 2, 0, true",
        "7, 2, 1, false",
        "6, 2, 0, false",
        "5, 2, 0, false"
    })
    void shouldCheckEatsAgainstTheStages(int config, int eats, int s2s, boolean legal) {
        a.controls(ON | ATSCHK, 0);
        a.nested(1).map(0x5000, 0x5000, 0x8000_5000L);
        a.bench.ste(1).config(config).set(93, 92, eats).set(185, 185, s2s);
        String page = config == 5 || eats == 2 ? "5000/12 RW" : "80005000/12 RW";
        assertThat(a.ask(1, 0x5000, READ)).isEqualTo(legal ? page : "CA");
    }

    @Test
    void shouldNotHaveSplitStageWithNs1Ats() {
        try (AtsBench n = new AtsBench(AtsBench.IDR0 | 0x800, AtsBench.IDR1, AtsBench.IDR3, AtsBench.IDR5)) {
            n.controls(ON | ATSCHK, REC_CFG_ATS);
            n.nested(1).map(0x5000, 0x6000, 0x8000_5000L);
            n.bench.ste(1).set(93, 92, 2);
            assertThat(n.ask(1, 0x5000, READ)).isEqualTo("CA");
            assertThat(n.bench.events()).containsExactly("0000000100000004" + ZEROES + ZEROES + ZEROES);
        }
    }

    @Test
    void shouldNotKnowAtsWhereItIsAbsent() {
        try (AtsBench n = new AtsBench(AtsBench.IDR0 & ~0x400L, AtsBench.IDR1, AtsBench.IDR3, AtsBench.IDR5)) {
            n.stage1(1).map(0x5000, 0x8000_5000L);
            assertThat(n.ask(1, 0x5000, READ)).isEqualTo("UR");
            n.bench.write32(0x20, ON | ATSCHK);
            assertThat(n.bench.read32(0x20)).as("ATSCHK is RES0").isEqualTo(ON);
        }
    }
}
