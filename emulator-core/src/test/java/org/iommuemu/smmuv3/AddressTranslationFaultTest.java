// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

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

/** Address translation operations that fail: fact sheet 1.13, IHI 0070 §9.1.3-9.1.5. REASON is 2:1, FAULTCODE 11:4. */
class AddressTranslationFaultTest {
    private static final long S1 = 0x500;
    private static final long S2 = 0x900;
    private static final long BOTH = 0xD00;
    private static final long INV_REQ = 0xFF1;
    private static final long INV_STAGE = 0xFE1;
    private static final long SSID_VALID = 1L << 52;
    /** An IPA that stage 2 does not map, and one whose walk gets no answer. */
    private static final long HOLE = 0x7000_0000L;

    private static final long DEAF = 0x40_0000_0000L;
    private static final long ABSENT = 0x60_0000_0000L;

    private final AtsBench a = new AtsBench();

    @AfterEach
    void close() {
        assertThat(a.bench.events()).as("operations record nothing").isEmpty();
        assertThat(a.bench.smmu.statistics().stalled()).isZero();
        a.close();
    }

    // INV_REQ.

    @Test
    void shouldRefuseRequestsOfNoType() {
        a.nested(1);
        assertThat(a.gatos(1, 0x5100)).isEqualTo(INV_REQ);
        assertThat(a.gatos(0x100, 0x5100)).as("before C_BAD_STREAMID").isEqualTo(INV_REQ);
    }

    @Test
    void shouldRefuseStage2RequestsWithASubstream() {
        a.nested(1);
        assertThat(a.gatos(SSID_VALID | 1, 0x5000 | S2)).isEqualTo(INV_REQ);
        assertThat(a.gatos(SSID_VALID | 0x100, 0x5000 | S2)).isEqualTo(INV_REQ);
    }

    @ParameterizedTest(name = "IDR0 without {0}, request {1}")
    @CsvSource({"1, 0x900", "1, 0xD00", "2, 0x500", "2, 0xD00"})
    void shouldRefuseRequestsOfAStageThatIsAbsent(long absent, String request) {
        try (AtsBench n = new AtsBench(AtsBench.IDR0 & ~absent, AtsBench.IDR1, AtsBench.IDR3, AtsBench.IDR5)) {
            assertThat(n.gatos(1, 0x5000 | Long.decode(request))).isEqualTo(INV_REQ);
        }
    }

    // INV_STAGE.

    @ParameterizedTest(name = "Config {0}, request {1}")
    @CsvSource({
        "0, 0x500",
        "1, 0x900",
        "2, 0xD00",
        "3, 0xD00",
        "4, 0x500",
        "4, 0x900",
        "4, 0xD00",
        "5, 0x900",
        "5, 0xD00",
        "6, 0x500",
        "6, 0xD00"
    })
    void shouldMissAStageThatTheStreamDoesNotHave(int config, String request) {
        a.nested(1).map(0x5000, 0x6000, 0x8000_5000L);
        a.bench.ste(1).config(config);
        assertThat(a.gatos(1, 0x5000 | Long.decode(request))).isEqualTo(INV_STAGE);
    }

    @Test
    void shouldMissTheStageBeforeSubstreamAndCd() {
        a.bench.substreams(1, 0, 4, 0);
        assertThat(a.gatos(1, 0x5000 | BOTH)).as("before F_STREAM_DISABLED").isEqualTo(INV_STAGE);
        assertThat(a.gatos(SSID_VALID | 0x63L << 32 | 1, 0x5000 | BOTH))
                .as("C_BAD_SUBSTREAMID")
                .isEqualTo(INV_STAGE);
        assertThat(a.gatos(SSID_VALID | 0x3L << 32 | 1, 0x5000 | BOTH))
                .as("C_BAD_CD")
                .isEqualTo(INV_STAGE);
        a.stage2(2);
        assertThat(a.gatos(SSID_VALID | 0x3L << 32 | 2, 0x5000 | S1)).isEqualTo(INV_STAGE);
    }

    @Test
    void shouldFindABadSteBeforeAMissingStage() {
        a.stage1(1);
        a.bench.ste(1).set(93, 92, 2);
        assertThat(a.gatos(1, 0x5000 | BOTH)).isEqualTo(0x041);
    }

    // Configuration: REASON 0, no FADDR.

    static Stream<Arguments> errors() {
        return Stream.of(
                error("C_BAD_STREAMID", 0x100, S1, a -> {}, 0x021),
                error("C_BAD_STREAMID", 0x100, BOTH, a -> {}, 0x021),
                error("F_STE_FETCH", 1, S1, a -> a.memory.mark(0x10_0040, 64, RangeState.ABSENT), 0x031),
                error("C_BAD_STE", 1, S1, a -> {}, 0x041),
                error("C_BAD_STE", 1, BOTH, a -> {}, 0x041),
                error("F_STREAM_DISABLED, S1DSS=0", 1, S1, a -> a.bench.substreams(1, 0, 4, 0), 0x061),
                error("F_STREAM_DISABLED, S1DSS=2", SSID_VALID | 1, S1, a -> a.bench.substreams(1, 0, 4, 2), 0x061),
                error("C_BAD_SUBSTREAMID", SSID_VALID | 1, S1, a -> a.stage1(1), 0x081),
                error(
                        "C_BAD_SUBSTREAMID",
                        SSID_VALID | 0x10L << 32 | 1,
                        S1,
                        a -> a.bench.substreams(1, 0, 4, 0),
                        0x081),
                error(
                        "F_CD_FETCH",
                        1,
                        S1,
                        a -> {
                            a.stage1(1);
                            a.bench.ste(1).s1ContextPtr(ABSENT);
                        },
                        0x091),
                error(
                        "F_CD_FETCH of a nested stream",
                        1,
                        BOTH,
                        a -> {
                            a.nested(1).second().map(HOLE, ABSENT, AtsBench.STAGE_2_READ_WRITE);
                            a.bench.ste(1).s1ContextPtr(HOLE);
                        },
                        0x091),
                error("C_BAD_CD", 1, S1, a -> a.stage1(1).set(31, 31, 0), 0x0A1),
                error(
                        "C_BAD_CD of a nested stream",
                        1,
                        BOTH,
                        a -> a.nested(1).cd().set(31, 31, 0),
                        0x0A1));
    }

    private static Arguments error(String name, long sid, long request, Consumer<AtsBench> arrange, long par) {
        return Arguments.of(name, sid, request, arrange, par);
    }

    @ParameterizedTest(name = "{0}, {2}")
    @MethodSource("errors")
    void shouldReportConfigurationErrors(String name, long sid, long request, Consumer<AtsBench> arrange, long par) {
        a.memory.mark(ABSENT, 0x1000, RangeState.ABSENT);
        arrange.accept(a);
        assertThat(a.gatos(sid, 0x5000 | request)).isEqualTo(par);
    }

    // Faults of stage 1: REASON 0, no FADDR, for TYPE 1 and 3.

    static Stream<Arguments> stage1Faults() {
        return Stream.of(
                stage1("F_TRANSLATION", n -> {}, 0x101),
                stage1("F_TRANSLATION, EPD0", n -> n.cd().set(14, 14, 1), 0x101),
                stage1("F_ADDR_SIZE", n -> n.cd().map(0x5000, 1L << 40).ips(1), 0x111),
                stage1("F_ACCESS", n -> n.cd().map(0x5000, 0x6000, 0xB40), 0x121),
                stage1("F_PERMISSION", n -> n.cd().map(0x5000, 0x6000, 0xF00), 0x131),
                stage1(
                        "F_WALK_EABT",
                        n -> {
                            n.second().map(HOLE, ABSENT, AtsBench.STAGE_2_READ_WRITE);
                            n.cd().ttb0(HOLE);
                        },
                        0x0B1));
    }

    private static Arguments stage1(String name, Consumer<AtsBench.Nested> arrange, long par) {
        return Arguments.of(name, arrange, par);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("stage1Faults")
    void shouldReportFaultsOfStage1(String name, Consumer<AtsBench.Nested> arrange, long par) {
        a.memory.mark(ABSENT, 0x1000, RangeState.ABSENT);
        arrange.accept(a.nested(1));
        assertThat(a.gatos(1, 0x5000 | S1)).isEqualTo(par);
        assertThat(a.gatos(1, 0x5000 | BOTH)).isEqualTo(par);
    }

    @ParameterizedTest(name = "A, R, S: {0}")
    @ValueSource(ints = {0, 2, 3, 4, 7})
    void shouldReportFaultsWhateverTheFaultModel(int ars) {
        a.stage1(1).set(46, 44, ars);
        assertThat(a.gatos(1, 0x5000 | S1)).isEqualTo(0x101);
    }

    @Test
    void shouldReportAnAddressBeyondIasWhereStage1IsSkipped() {
        a.bench.substreams(1, 0, 4, 1);
        assertThat(a.gatos(1, 1L << 48 | S1)).isEqualTo(0x111);
    }

    // Faults of stage 2, for a request of both stages: REASON 1, 2 or 3, and FADDR but for F_WALK_EABT.

    static Stream<Arguments> stage2Faults() {
        return Stream.of(
                stage2("F_TRANSLATION", HOLE, "10", HOLE),
                stage2("F_TRANSLATION, range", 0x8000_0000_0000L, "10", 0x8000_0000_0000L),
                stage2("F_ADDR_SIZE", 0x7100_0000L, "11", 0x7100_0000L),
                stage2("F_ACCESS", 0x7200_0000L, "12", 0x7200_0000L),
                stage2("F_PERMISSION", 0x7300_0000L, "13", 0x7300_0000L),
                stage2("F_WALK_EABT", DEAF, "0B", 0));
    }

    private static Arguments stage2(String name, long ipa, String code, long faddr) {
        return Arguments.of(name, ipa, Long.parseLong(code, 16) << 4 | 1, faddr);
    }

    /** A nested stream whose stage 2 has something wrong at each of the addresses above. */
    private TestCd faulty() {
        a.memory.mark(ABSENT, 0x1000, RangeState.ABSENT);
        var n = a.nested(1);
        a.bench.ste(1).set(165, 160, 17).set(178, 176, 2);
        n.second().map(0x7100_0000L, 1L << 42, AtsBench.STAGE_2_READ_WRITE);
        n.second().map(0x7200_0000L, 0x8000_0000L, 0x3FC).map(0x7300_0000L, 0x8000_0000L, 0x73C);
        a.memory.writeLong(n.second().descriptorAddress(DEAF, 2), ABSENT | 3);
        return n.cd();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("stage2Faults")
    void shouldReportStage2FaultsOfTheInput(String name, long ipa, long code, long faddr) {
        faulty().map(0x5000, ipa);
        assertThat(a.gatos(1, 0x5000 | BOTH)).isEqualTo(faddr | code | 3 << 1);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("stage2Faults")
    void shouldReportStage2FaultsOfTheWalk(String name, long ipa, long code, long faddr) {
        faulty().ttb0(ipa);
        assertThat(a.gatos(1, 0x5000 | BOTH)).isEqualTo(faddr | code | 2 << 1);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("stage2Faults")
    void shouldReportStage2FaultsOfTheCd(String name, long ipa, long code, long faddr) {
        faulty();
        a.bench.ste(1).s1ContextPtr(ipa);
        assertThat(a.gatos(1, 0x5000 | BOTH)).isEqualTo(faddr | code | 1 << 1);
    }

    // For a request of stage 1 they are aborts of the fetch.

    @ParameterizedTest(name = "{0}")
    @MethodSource("stage2Faults")
    void shouldHideStage2FaultsFromARequestOfStage1(String name, long ipa, long code, long faddr) {
        TestCd cd = faulty();
        cd.ttb0(ipa);
        assertThat(a.gatos(1, 0x5000 | S1)).as("F_WALK_EABT").isEqualTo(0x0B1);
        a.bench.ste(1).s1ContextPtr(ipa);
        a.invalidateAll();
        assertThat(a.gatos(1, 0x5000 | S1)).as("F_CD_FETCH").isEqualTo(0x091);
    }

    // For a request of stage 2 they have no FADDR.

    @ParameterizedTest(name = "{0}")
    @MethodSource("stage2Faults")
    void shouldReportNoAddressToARequestOfStage2(String name, long ipa, long code, long faddr) {
        faulty();
        assertThat(a.gatos(1, ipa | S2)).isEqualTo(code | 3 << 1);
    }

    @Test
    void shouldReportAnIpaBeyondIasAsOfStage1() {
        a.nested(1);
        assertThat(a.gatos(1, 1L << 48 | S2)).isEqualTo(0x111);
    }
}
