// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.iommu.Access.READ;
import static org.iommuemu.iommu.Access.WRITE;
import static org.iommuemu.smmuv3.AtsBench.ATSCHK;
import static org.iommuemu.smmuv3.AtsBench.ON;
import static org.iommuemu.smmuv3.AtsBench.REC_CFG_ATS;

import java.util.function.Consumer;
import java.util.stream.Stream;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Transactions whose addresses are translated (AT=10): fact sheet 7.4. */
class TranslatedTransactionTest {
    private static final String ZEROES = " 0000000000000000";

    private final AtsBench a = new AtsBench();

    @AfterEach
    void close() {
        a.close();
    }

    private void assertPasses(int stream, long address, int code) {
        Verdict v = a.translated(stream, address, code);
        assertThat(v.status()).isEqualTo(Verdict.Status.OK);
        assertThat(v.address()).isEqualTo(address);
        assertThat(a.bench.events()).isEmpty();
    }

    private void assertAborts(int stream, long address, int code, String... events) {
        assertThat(a.translated(stream, address, code).status()).isEqualTo(Verdict.Status.ABORT);
        assertThat(a.bench.events()).containsExactly(events);
    }

    /** F_TRANSL_FORBIDDEN of stream 1: no SubstreamID, RnW 99, the whole address. */
    private static String forbidden(boolean read, long address) {
        return String.format("0000000100000007 %016x %016x 0000000000000000", read ? 1L << 35 : 0, address);
    }

    // Step 1: translation is off.

    @Test
    void shouldForbidWhileTranslationIsOff() {
        a.stage1(1);
        a.bench.write32(0x20, 0xC);
        assertAborts(1, 0x8000_5123L, READ, forbidden(true, 0x8000_5123L));
        assertAborts(1, 0x8000_5123L, WRITE, forbidden(false, 0x8000_5123L));
    }

    // Steps 2 and 3: nothing is checked but the address.

    @Test
    void shouldPassWithoutAtschkWhateverTheConfiguration() {
        assertPasses(1, 0x8000_5123L, READ);
        assertPasses(0x100, 0x8000_5123L, WRITE);
        a.bench.ste(2).config(0).valid(1);
        assertPasses(2, 0x8000_5123L, WRITE);
    }

    @ParameterizedTest(name = "CR0 {0}")
    @ValueSource(longs = {ON, ON | ATSCHK})
    void shouldAbortAddressesBeyondOasSilently(long cr0) {
        a.controls(cr0, REC_CFG_ATS);
        a.stage1(1);
        assertPasses(1, (1L << 48) - 8, WRITE);
        assertAborts(1, 1L << 48, WRITE);
        assertAborts(1, -8, READ);
    }

    // Step 4: configuration with ATSCHK.

    static Stream<Arguments> errors() {
        return Stream.of(
                error("C_BAD_STREAMID", 0x100, a -> {}, "0000010000000002", 0),
                error(
                        "F_STE_FETCH",
                        2,
                        a -> a.memory.mark(0x10_0080, 64, RangeState.ABSENT),
                        "0000000200000003",
                        0x10_0080),
                error("C_BAD_STE: V=0", 1, a -> {}, "0000000100000004", 0),
                error(
                        "C_BAD_STE: full ATS of a stream that stalls at stage 2",
                        1,
                        a -> {
                            a.stage2(1);
                            a.bench.ste(1).set(185, 185, 1);
                        },
                        "0000000100000004",
                        0),
                error(
                        "C_BAD_STE: split stage of stage 2 alone",
                        1,
                        a -> {
                            a.stage2(1);
                            a.bench.ste(1).set(93, 92, 2);
                        },
                        "0000000100000004",
                        0));
    }

    private static Arguments error(
            String name, int stream, Consumer<AtsBench> arrange, String word0, long fetchAddress) {
        return Arguments.of(name, stream, arrange, word0 + ZEROES + ZEROES + String.format(" %016x", fetchAddress));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("errors")
    void shouldAbortSilentlyWithoutRecCfgAts(String name, int stream, Consumer<AtsBench> arrange, String event) {
        arrange.accept(a);
        a.controls(ON | ATSCHK, AtsBench.RECINVSID);
        assertAborts(stream, 0x8000_5000L, WRITE);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("errors")
    void shouldRecordWithRecCfgAtsWhateverRecInvSidSays(
            String name, int stream, Consumer<AtsBench> arrange, String event) {
        arrange.accept(a);
        a.controls(ON | ATSCHK, REC_CFG_ATS);
        assertAborts(stream, 0x8000_5000L, WRITE, event);
    }

    @Test
    void shouldNotLookAtTheCd() {
        // Without IDR3.PASIDTT the PASID is ignored, and so is what belongs to it.
        a.controls(ON | ATSCHK, REC_CFG_ATS);
        a.bench.substreams(1, 0, 4, 0).set(93, 92, 1);
        assertThat(a.translated(1, 99, 0x8000_5000L, WRITE).isOk()).isTrue();
        assertThat(a.bench.events()).isEmpty();
    }

    @ParameterizedTest(name = "Config {0}")
    @ValueSource(ints = {0, 1, 2, 3})
    void shouldAbortSilentlyWhereTheStreamAborts(int config) {
        a.controls(ON | ATSCHK, REC_CFG_ATS);
        a.bench.ste(1).config(config).set(93, 92, 1).valid(1);
        assertAborts(1, 0x8000_5000L, WRITE);
    }

    // Step 5: streams without ATS.

    @ParameterizedTest(name = "Config {0}, EATS {1}")
    @CsvSource({"5, 0", "5, 3", "6, 0", "4, 0", "4, 1", "4, 2", "4, 3"})
    void shouldForbidWhereTheStreamHasNoAts(int config, int eats) {
        a.controls(ON | ATSCHK, 0);
        a.stage1(1);
        a.stage2(1);
        a.bench.ste(1).config(config).set(93, 92, eats);
        assertAborts(1, 0x8000_5123L, READ, forbidden(true, 0x8000_5123L));
    }

    @Test
    void shouldRecordTheSameWithAPasid() {
        a.controls(ON | ATSCHK, 0);
        a.bench.ste(1).config(4).valid(1);
        a.translated(1, 3, 0x8000_5123L, WRITE);
        assertThat(a.bench.events()).containsExactly(forbidden(false, 0x8000_5123L));
    }

    // Step 9: full ATS.

    @ParameterizedTest(name = "Config {0}")
    @ValueSource(ints = {5, 6, 7})
    void shouldPassByFullAtsWithoutTranslation(int config) {
        a.controls(ON | ATSCHK, 0);
        a.nested(1).map(0x5000, 0x6000, 0x8000_5000L);
        a.bench.ste(1).config(config);
        assertPasses(1, 0x6123, WRITE);
        assertPasses(1, 0x7000, READ);
    }

    @Test
    void shouldHeedAChangeOfTheStreamOnceInvalidated() {
        a.controls(ON | ATSCHK, 0);
        a.stage1(1);
        assertPasses(1, 0x8000_5000L, READ);
        a.bench.ste(1).set(93, 92, 0);
        // CFGI_STE, leaf.
        a.bench.command(0x1_0000_0003L, 1).sync();
        assertAborts(1, 0x8000_5000L, READ, forbidden(true, 0x8000_5000L));
    }

    @Test
    void shouldAbortWhereAtsIsAbsent() {
        try (AtsBench n = new AtsBench(AtsBench.IDR0 & ~0x400L, AtsBench.IDR1, AtsBench.IDR3, AtsBench.IDR5)) {
            n.stage1(1);
            assertThat(n.translated(1, 0x8000_5000L, READ).isOk()).isFalse();
        }
    }
}
