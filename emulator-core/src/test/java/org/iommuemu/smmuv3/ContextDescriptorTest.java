// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When a CD is invalid: fact sheet 3.2-3.4. */
class ContextDescriptorTest {
    private static final long LOW = 0x1000;
    private static final long HIGH = -0x1000L;

    private SmmuBench b;
    private TestCd cd;

    ContextDescriptorTest() {
        start(SmmuBench.stage1Features());
    }

    private void start(SmmuFeatures features) {
        if (b != null) {
            b.close();
        }
        b = SmmuBench.started(features);
        cd = b.stage1(5, 5).upperTables(12, 48);
        cd.map(LOW, SmmuBench.DATA).map(HIGH, SmmuBench.DATA + 0x1000);
    }

    @AfterEach
    void close() {
        b.close();
    }

    private void isGood() {
        isGood(LOW);
    }

    private void isGood(long address) {
        b.invalidateAll();
        assertThat(b.read(5, address).isOk()).isTrue();
        assertThat(b.events()).isEmpty();
    }

    private void isBad() {
        b.invalidateAll();
        assertThat(b.read(5, LOW).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).containsExactly("000000050000000a 0000000000000000 0000000000000000 0000000000000000");
    }

    /** Good, but what is to be walked there is not mapped. */
    private void isTranslated(long address) {
        b.invalidateAll();
        b.read(5, address);
        assertThat(b.events().get(0)).startsWith("0000000500000010");
    }

    private void check(boolean good) {
        if (good) {
            isTranslated(0x7000);
        } else {
            isBad();
        }
    }

    @Test
    void shouldRecordBadCdWhenNotValid() {
        isGood();
        cd.set(31, 31, 0);
        isBad();
    }

    @Test
    void shouldRecordBadCdWhateverItSaysOfFaults() {
        // 3.5: A and R apply to translation faults only.
        cd.set(31, 31, 0).records(0).aborts(0);
        isBad();
    }

    @Test
    void shouldRecordBadCdWhenItStalls() {
        // 3.4, 1: STALL_MODEL=01 and S=1.
        cd.set(44, 44, 1);
        isBad();
    }

    @Test
    void shouldRecordBadCdWhenTermModelLacksRazWi() {
        // 3.4, 1: TERM_MODEL=1 and A=0.
        start(SmmuBench.withIdr0(0, 1 << 26));
        isGood();
        cd.aborts(0);
        isBad();
    }

    @ParameterizedTest(name = "TTENDIAN {0}, ENDI {1}")
    @CsvSource({"0, 0, true", "0, 1, true", "2, 0, true", "2, 1, false", "3, 0, false", "3, 1, true"})
    void shouldRecordBadCdWhenEndiannessIsAbsent(int ttendian, int endi, boolean good) {
        // 3.4, 2.
        start(SmmuBench.withIdr0(0x60_0000, (long) ttendian << 21));
        cd.set(15, 15, endi);
        check(good);
    }

    @Test
    void shouldIgnoreEndiannessWhenNothingIsWalked() {
        // 3.3: ENDI ignored when both EPD are 1.
        start(SmmuBench.withIdr0(0x60_0000, 2 << 21));
        cd.set(15, 15, 1).set(14, 14, 1).set(30, 30, 1);
        isTranslated(LOW);
        cd.set(30, 30, 0);
        isBad();
    }

    @Test
    void shouldRecordBadCdWhenTablesAreLpae() {
        // 3.4, 3: AA64=0 with TTF[0]=0.
        cd.set(41, 41, 0);
        isBad();
    }

    @ParameterizedTest(name = "HTTU {0}, HD:HA {1}")
    @CsvSource({"0, 0, true", "0, 1, false", "0, 2, false", "0, 3, false", "1, 1, true", "1, 2, false", "1, 3, false"})
    void shouldRecordBadCdWhenHardwareUpdatesAreAbsent(int httu, int updates, boolean good) {
        // 3.4, 4: HD 42, HA 43.
        start(SmmuBench.withIdr0(0xC0, (long) httu << 6));
        cd.set(43, 43, updates & 1).set(42, 42, updates >> 1);
        check(good);
    }

    @Test
    void shouldRecordBadCdWhenAsidIsWideWithout16Bits() {
        // 3.4, 5.
        start(SmmuBench.withIdr0(1 << 12, 0));
        cd.asid(0xFF);
        isGood();
        cd.asid(0x100);
        isBad();
        cd.asid(0x8000);
        isBad();
    }

    @Test
    void shouldTakeWideAsidsWith16Bits() {
        cd.asid(0xFFFF);
        isGood();
    }

    @ParameterizedTest(name = "STT {0}, TG0 {1}, T0SZ {2}")
    @CsvSource({
        "0, 0, 15, false", "0, 0, 16, true", "0, 0, 39, true", "0, 0, 40, false", "0, 0, 63, false",
        "0, 1, 15, false", "0, 1, 16, true", "0, 1, 39, true", "0, 1, 40, false", "0, 0, 0, false",
        "0, 2, 15, false", "0, 2, 16, true", "0, 2, 39, true", "0, 2, 40, false", "0, 2, 12, false",
        "1, 0, 48, true", "1, 0, 49, false", "1, 1, 47, true", "1, 1, 48, false", "1, 2, 48, true",
        "1, 2, 49, false", "1, 1, 12, false",
    })
    void shouldRecordBadCdWhenInputSizeIsOutOfRange(int stt, int tg0, int t0sz, boolean good) {
        // 3.3: 16..39, with STT 48 (47 for 64K).
        start(SmmuBench.withIdr3(0x200, (long) stt << 9));
        cd.set(5, 0, t0sz).set(7, 6, tg0).ttb0(0x900_0000);
        check(good);
    }

    @ParameterizedTest(name = "TG1 {0}, T1SZ {1}")
    @CsvSource({"2, 15, false", "2, 16, true", "1, 48, true", "3, 47, true", "3, 48, false", "2, 49, false"})
    void shouldCheckTheUpperInputSize(int tg1, int t1sz, boolean good) {
        cd.set(21, 16, t1sz).set(23, 22, tg1).ttb1(0x900_0000);
        check(good);
    }

    @ParameterizedTest(name = "GRAN {0}, TG0 {1}")
    @CsvSource({
        "0x10, 0, true",
        "0x10, 1, false",
        "0x10, 2, false",
        "0x10, 3, false",
        "0x20, 0, false",
        "0x20, 1, false",
        "0x20, 2, true",
        "0x40, 1, true",
        "0x40, 0, false",
        "0x70, 3, false",
    })
    void shouldRecordBadCdWhenLowerGranuleIsAbsent(long granules, int tg0, boolean good) {
        // 3.4, 6; TG0: 00 4K, 01 64K, 10 16K.
        start(SmmuBench.withIdr5(0x70, granules));
        cd.set(30, 30, 1).set(7, 6, tg0).ttb0(0x900_0000);
        check(good);
    }

    @ParameterizedTest(name = "GRAN {0}, TG1 {1}")
    @CsvSource({
        "0x10, 2, true",
        "0x10, 1, false",
        "0x10, 3, false",
        "0x10, 0, false",
        "0x20, 1, true",
        "0x20, 2, false",
        "0x40, 3, true",
        "0x40, 2, false",
        "0x70, 0, false",
    })
    void shouldRecordBadCdWhenUpperGranuleIsAbsent(long granules, int tg1, boolean good) {
        // 3.2; TG1: 01 16K, 10 4K, 11 64K.
        start(SmmuBench.withIdr5(0x70, granules));
        cd.set(14, 14, 1).set(23, 22, tg1).ttb1(0x900_0000);
        check(good);
    }

    @ParameterizedTest
    @CsvSource({"0, 32", "1, 36", "2, 40", "3, 42", "4, 44", "5, 48"})
    void shouldRecordBadCdWhenTableBaseIsAboveIps(int ips, int bits) {
        // 3.3.
        cd.ips(ips).ttb0((1L << bits) - 0x1000);
        isTranslated(LOW);
        cd.ttb0(1L << bits);
        isBad();
        cd.ttb0(0x900_0000).ttb1(1L << bits);
        isBad();
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 6, 7})
    void shouldCapIpsAtOas(int ips) {
        // 3.2: effective IPS = min(IPS, OAS), OAS 40 bits.
        start(SmmuBench.withIdr5(7, 2));
        cd.ips(ips).ttb0(1L << 40);
        isBad();
    }

    @Test
    void shouldRecordBadCdWhenA4KBaseIsAbove48Bits() {
        // 3.3: inside 48 bits when 4K/16K and DS=0, though OAS is 52.
        start(SmmuBench.withIdr5(7, 6));
        cd.ips(6).ttb0(1L << 48);
        isBad();
        cd.set(7, 6, 2);
        isBad();
        cd.set(7, 6, 1);
        isTranslated(0x7_0000);
    }

    @Test
    void shouldNotCheckADisabledHalf() {
        // 3.3: EPDx suppresses checks on TxSZ, TGx, TTBx.
        cd.set(30, 30, 1).set(21, 16, 63).set(23, 22, 0).ttb1(0x000F_FFFF_FFFF_FFF0L);
        isGood(LOW);
        cd.set(30, 30, 0).upperTables(12, 48).map(HIGH, SmmuBench.DATA);
        cd.set(14, 14, 1).set(5, 0, 0).set(7, 6, 3).ttb0(0x000F_FFFF_FFFF_FFF0L);
        isGood(HIGH);
        isTranslated(LOW);
    }

    @Test
    void shouldIgnoreFieldsOfAbsentFeatures() {
        // UWXN, E0PD, EPAN, AIE, PIE, DS, HAFT, AMAIR: nothing here uses them.
        cd.set(37, 37, 1)
                .set(66, 66, 1)
                .set(67, 67, 1)
                .set(123, 123, 1)
                .set(130, 130, 1)
                .set(131, 131, 1);
        cd.set(186, 186, 1)
                .set(187, 187, 1)
                .set(319, 256, -1L)
                .set(431, 384, -1L)
                .set(511, 448, -1L);
        isGood(LOW);
        isGood(HIGH);
    }

    @Test
    void shouldRecordCdFetchWithItsAddress() {
        b.memory.mark(cd.address(), 64, RangeState.ABSENT);
        assertThat(b.read(5, LOW).status()).isEqualTo(Status.ABORT);
        assertThat(b.events())
                .containsExactly(
                        String.format("0000000500000009 0000000000000000 0000000000000000 %016x", cd.address()));
    }
}
