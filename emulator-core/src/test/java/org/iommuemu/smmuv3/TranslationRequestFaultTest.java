// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.iommu.Access.INSTRUCTION;
import static org.iommuemu.iommu.Access.PRIVILEGED;
import static org.iommuemu.iommu.Access.READ;
import static org.iommuemu.iommu.Access.WRITE;
import static org.iommuemu.smmuv3.AtsBench.ON;
import static org.iommuemu.smmuv3.AtsBench.RECINVSID;
import static org.iommuemu.smmuv3.AtsBench.REC_CFG_ATS;

import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** ATS Translation Requests that meet faults of translation: fact sheet 7.3, steps 4 to 6. */
class TranslationRequestFaultTest {
    /** An IPA that stage 2 does not map. */
    private static final long HOLE = 0x7000_0000L;
    /** An IPA whose stage 2 walk gets no answer, for the descriptor at {@link #ABSENT}. */
    private static final long DEAF = 0x40_0000_0000L;

    private static final long ABSENT = 0x60_0000_0000L;
    private static final long RNW = 1L << 35;

    private final AtsBench a = new AtsBench();

    @AfterEach
    void close() {
        a.close();
    }

    // Step 5: F_TRANSLATION, F_ADDR_SIZE, F_ACCESS mean no access, and nothing is recorded.

    static Stream<Arguments> faults() {
        return Stream.of(
                fault("stage 1 descriptor invalid", a -> a.stage1(1)),
                fault("stage 1 table invalid", a -> a.stage1(1).descriptor(0x5000, 1, 0)),
                fault(
                        "address beyond T0SZ",
                        a -> a.stage1(1).lowerTables(12, 32).map(0x5000, 0).set(5, 0, 39),
                        1L << 30),
                fault("TTB1 range, EPD1", a -> a.stage1(1), -0x1000L),
                fault("EPD0", a -> a.stage1(1).map(0x5000, 0x8000_5000L).set(14, 14, 1)),
                fault(
                        "stage 1 output beyond IPS",
                        a -> a.stage1(1).map(0x5000, 1L << 40).ips(1)),
                fault("stage 1 AF=0", a -> a.stage1(1).map(0x5000, 0x8000_5000L, 0xB40)),
                fault("stage 2 IN, descriptor invalid", a -> a.nested(1).cd().map(0x5000, HOLE)),
                fault("stage 2 IN, beyond S2T0SZ", a -> {
                    a.nested(1).map(0x5000, 1L << 40, 0x8000_5000L);
                    a.bench.ste(1).set(165, 160, 24);
                }),
                fault("stage 2 IN, output beyond S2PS", a -> {
                    a.nested(1).map(0x5000, 0x6000, 1L << 40);
                    a.bench.ste(1).set(178, 176, 1);
                }),
                fault("stage 2 IN, AF=0", a -> {
                    var n = a.nested(1);
                    n.cd().map(0x5000, 0x6000);
                    n.second().map(0x6000, 0x8000_5000L, 0x3FC);
                }),
                fault("stage 2 TT", a -> a.nested(1).cd().ttb0(HOLE)),
                fault("stage 2 TT, no read permission", a -> walkPage(a, 0x73C)),
                fault("stage 2 TT, AF=0", a -> walkPage(a, 0x3FC)),
                fault("stage 2 TT, Device with S2PTW", a -> {
                    walkPage(a, 0x7C4);
                    a.bench.ste(1).set(182, 182, 1);
                }),
                fault("stage 2 CD", a -> {
                    a.nested(1);
                    a.bench.ste(1).s1ContextPtr(HOLE);
                }),
                fault("stage 2 CD, no read permission", a -> {
                    a.nested(1).second().map(HOLE, 0x8000_0000L, 0x73C);
                    a.bench.ste(1).s1ContextPtr(HOLE);
                }),
                fault("stage 2 alone, beyond IAS", a -> a.stage2(1), 1L << 48),
                fault("stage 2 alone, descriptor invalid", a -> a.stage2(1)));
    }

    /** A nested stream whose stage 1 tables begin in a page with these stage 2 attributes. */
    private static void walkPage(AtsBench a, long attributes) {
        var n = a.nested(1);
        n.second().map(HOLE, 0x8000_0000L, attributes);
        n.cd().ttb0(HOLE);
    }

    private static Arguments fault(String name, Consumer<AtsBench> arrange) {
        return fault(name, arrange, 0x5000);
    }

    private static Arguments fault(String name, Consumer<AtsBench> arrange, long address) {
        return Arguments.of(name, arrange, address);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    void shouldGrantNothingAndRecordNothing(String name, Consumer<AtsBench> arrange, long address) {
        a.controls(ON, REC_CFG_ATS | RECINVSID);
        arrange.accept(a);

        assertThat(a.ask(1, address, WRITE)).isEqualTo("0/12");

        assertThat(a.bench.events()).isEmpty();
        a.bench.read(1, address);
        assertThat(a.bench.events()).as("an ordinary transaction faults").hasSize(1);
    }

    @ParameterizedTest(name = "A, R, S: {0}")
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
    void shouldIgnoreTheFaultModelOfStage1(int ars) {
        a.stage1(1).set(46, 44, ars);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("0/12");
        assertThat(a.bench.events()).isEmpty();
        assertThat(a.bench.smmu.statistics().stalled()).isZero();
    }

    @ParameterizedTest(name = "S2R {0}")
    @ValueSource(ints = {0, 1})
    void shouldIgnoreTheFaultModelOfStage2(int record) {
        a.nested(1).cd().map(0x5000, HOLE);
        a.bench.ste(1).set(186, 186, record);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("0/12");
        assertThat(a.bench.events()).isEmpty();
    }

    @Test
    void shouldNotStallFaultsOfASubstreamEither() {
        a.bench.substreams(1, 0, 4, 0).set(93, 92, 1);
        a.bench.cd(1, 3, 9).set(44, 44, 1);
        assertThat(a.ask(1, 3, 0x5000, READ)).isEqualTo("0/12");
        assertThat(a.bench.smmu.statistics().stalled()).isZero();
    }

    @Test
    void shouldEchoPrivOfARequestThatFaults() {
        a.bench.substreams(1, 0, 4, 0).set(93, 92, 1);
        a.bench.cd(1, 3, 9);
        assertThat(a.ask(1, 3, 0x5000, PRIVILEGED | INSTRUCTION)).isEqualTo("0/12 P");
    }

    @Test
    void shouldEchoPrivOfARequestWhoseCdIsNotMapped() {
        a.stage2(1);
        a.bench.ste(1).s1CdMax(4).s1ContextPtr(HOLE).config(7);
        assertThat(a.ask(1, 3, 0x5000, PRIVILEGED)).isEqualTo("0/12 P");
    }

    @Test
    void shouldAnswerWithTheStuWhereNothingIsGranted() {
        // 3.9.1.2: the size of an answer of no access is the STU's, here 16 KiB.
        try (AtsBench n = new AtsBench(AtsBench.IDR0, AtsBench.IDR1, AtsBench.IDR3, 0x10_0065)) {
            n.stage1(1).lowerTables(16, 48).map(0x20_0000_0000L, 0x20_0000_0000L, 1, 0xF01);
            assertThat(n.ask(1, 0x5000, WRITE)).as("translation fault").isEqualTo("0/14");
            assertThat(n.ask(1, 0x20_0000_0000L, WRITE)).as("no permission").isEqualTo("0/14");
        }
    }

    @Test
    void shouldNotWalkForUnprivilegedRequestsOfATableWithE0pd() {
        // 4.5: F_TRANSLATION, where a walk would end in F_WALK_EABT.
        try (AtsBench e = new AtsBench(AtsBench.IDR0, AtsBench.IDR1, AtsBench.IDR3 | 0x2000, AtsBench.IDR5)) {
            e.stage1(1).ttb0(ABSENT).set(66, 66, 1);
            e.memory.mark(ABSENT, 0x1000, RangeState.ABSENT);
            assertThat(e.ask(1, 0x5000, READ)).isEqualTo("0/12");
            assertThat(e.ask(1, 0x5000, WRITE)).isEqualTo("0/12");
        }
    }

    // Step 4: a walk without an answer.

    static Stream<Arguments> aborts() {
        return Stream.of(
                abort("stage 1", a -> a.stage1(1).ttb0(ABSENT), 0x100_0000_0000L),
                abort(
                        "stage 1 of a nested stream",
                        a -> {
                            var n = a.nested(1);
                            n.second().map(HOLE, ABSENT, AtsBench.STAGE_2_READ_WRITE);
                            n.cd().ttb0(HOLE);
                        },
                        0x100_0000_0000L),
                abort("stage 2 IN", a -> deaf(a.nested(1)).map(0x5000, DEAF), 0x280_0000_0000L),
                abort("stage 2 TT", a -> deaf(a.nested(1)).ttb0(DEAF), 0x180_0000_0000L),
                abort(
                        "stage 2 CD",
                        a -> {
                            deaf(a.nested(1));
                            a.bench.ste(1).s1ContextPtr(DEAF);
                        },
                        0x80_0000_0000L));
    }

    private static Arguments abort(String name, Consumer<AtsBench> arrange, long word1) {
        return Arguments.of(name, arrange, word1);
    }

    /** Gives stage 2 a table that does not answer. */
    private static TestCd deaf(AtsBench.Nested n) {
        TestCd cd = n.cd();
        cd.memory().writeLong(n.second().descriptorAddress(DEAF, 2), ABSENT | 3);
        return cd;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("aborts")
    void shouldAbortWithoutRecCfgAts(String name, Consumer<AtsBench> arrange, long word1) {
        a.memory.mark(ABSENT, 0x1000, RangeState.ABSENT);
        arrange.accept(a);
        assertThat(a.ask(1, 0x5000, READ)).isEqualTo("CA");
        assertThat(a.bench.events()).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("aborts")
    void shouldRecordAnAbortedWalkWithRecCfgAts(String name, Consumer<AtsBench> arrange, long word1) {
        // S2 103, CLASS 105:104; RnW is UNKNOWN for a Translation Request (6.2).
        a.controls(ON, REC_CFG_ATS);
        a.memory.mark(ABSENT, 0x1000, RangeState.ABSENT);
        arrange.accept(a);
        assertThat(a.ask(1, 0x5000, READ)).isEqualTo("CA");
        assertThat(withoutRnw(a.bench.events()))
                .containsExactly(String.format("000000010000000b %016x 0000000000005000 %016x", word1, ABSENT));
    }

    @Test
    void shouldRecordPrivilegeOfARequestWithAPasid() {
        a.controls(ON, REC_CFG_ATS);
        a.memory.mark(ABSENT, 0x1000, RangeState.ABSENT);
        a.bench.substreams(1, 0, 4, 0).set(93, 92, 1);
        a.bench.cd(1, 3, 9).ttb0(ABSENT);
        a.ask(1, 3, 0x5000, PRIVILEGED);
        assertThat(withoutRnw(a.bench.events()))
                .containsExactly("000000010000380b 0000010200000000 0000000000005000 0000006000000000");
    }

    @Test
    void shouldRecordNeitherPrivilegeNorInstructionWithoutAPasid() {
        a.controls(ON, REC_CFG_ATS);
        a.memory.mark(ABSENT, 0x1000, RangeState.ABSENT);
        a.stage1(1).ttb0(ABSENT);
        a.ask(1, 0x5000, PRIVILEGED | INSTRUCTION);
        assertThat(withoutRnw(a.bench.events()))
                .containsExactly("000000010000000b 0000010000000000 0000000000005000 0000006000000000");
    }

    @Test
    void shouldServeOnceTheWalkIsAnswered() {
        a.memory.mark(ABSENT, 0x1000, RangeState.ABSENT);
        TestCd cd = a.stage1(1).map(0x5000, 0x8000_5000L);
        long root = cd.get(115, 68) << 4;
        cd.ttb0(ABSENT);
        a.ask(1, 0x5000, READ);
        cd.ttb0(root);
        a.invalidateAll();
        assertThat(a.ask(1, 0x5000, READ)).isEqualTo("80005000/12 RW");
    }

    // Step 7: stage 2 is not asked for what stage 1 does not allow.

    @ParameterizedTest(name = "EATS {0}")
    @ValueSource(ints = {1, 2})
    void shouldNotWalkStage2WhereStage1AllowsNothing(int eats) {
        a.controls(ON | AtsBench.ATSCHK, REC_CFG_ATS);
        a.memory.mark(ABSENT, 0x1000, RangeState.ABSENT);
        deaf(a.nested(1)).map(0x5000, DEAF, 0xF00);
        a.bench.ste(1).set(93, 92, eats);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("0/12");
        assertThat(a.bench.events()).isEmpty();
    }

    @Test
    void shouldNotWalkStage2ForExecuteAlone() {
        // 13.7: a page that may only be executed grants nothing.
        a.memory.mark(ABSENT, 0x1000, RangeState.ABSENT);
        deaf(a.nested(1)).map(0x5000, DEAF, 0xF80);
        assertThat(a.ask(1, 0x5000, READ)).isEqualTo("0/12");
    }

    private static List<String> withoutRnw(List<String> events) {
        return events.stream()
                .map(e -> {
                    String[] words = e.split(" ");
                    words[1] = String.format("%016x", Long.parseUnsignedLong(words[1], 16) & ~RNW);
                    return String.join(" ", words);
                })
                .toList();
    }
}
