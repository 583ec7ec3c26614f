// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.stream.IntStream;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** CMD_ATC_INV and CMD_PRI_RESP as devices see them: fact sheet 5.2, 5.3, 5.7, 5.8, 11 (cases 61, 82). */
class AtcInvalidationTest {
    private static final int ATS = 1 << 10;
    private static final int PRI = 1 << 16;
    private static final long EVERYTHING = 52;

    private SmmuBench b = SmmuBench.started(SmmuBench.withIdr0(0, ATS | PRI));
    private StallingPort port = StallingPort.on(b);

    @AfterEach
    void close() {
        b.close();
    }

    private void restart(SmmuFeatures features) {
        b.close();
        b = SmmuBench.started(features);
        port = StallingPort.on(b);
    }

    private AtcInvalidation sent(long word0, long word1) {
        port.invalidations.clear();
        b.command(word0, word1);
        assertThat(b.read32(0x60)).as("GERROR").isZero();
        assertThat(port.invalidations).hasSize(1);
        return port.invalidations.get(0);
    }

    private void isIllegal(long word0, long word1) {
        long at = b.read32(0x9C);
        b.command(word0, word1);
        assertThat(b.read32(0x9C)).as("CERROR_ILL").isEqualTo(0x0100_0000 | at);
        assertThat(b.read32(0x60)).as("CMDQ_ERR").isEqualTo(1);
        assertThat(port.invalidations).isEmpty();
        assertThat(port.responses).isEmpty();
    }

    private void hasNoEffect(long word0, long word1) {
        b.command(word0, word1);
        assertThat(b.read32(0x9C)).isEqualTo(b.read32(0x98));
        assertThat(port.invalidations).isEmpty();
        assertThat(port.responses).isEmpty();
    }

    // Spans.

    static IntStream sizes() {
        return IntStream.rangeClosed(0, 52);
    }

    @ParameterizedTest(name = "Size {0}")
    @MethodSource("sizes")
    void shouldSpanAndAlign(int size) {
        // 5.7: 4096 * 2^Size bytes; bits 11+Size:0 of the address are ignored.
        for (long address : new long[] {0, 0xFFFF_FFFF_FFFF_F000L, 0xA5A5_A5A5_A5A5_A000L, 0x5A5A_5A5A_5A5A_5000L}) {
            BigInteger span = BigInteger.TWO.pow(12 + size);
            BigInteger unsigned = new BigInteger(Long.toHexString(address), 16);
            AtcInvalidation request = sent(0x0000_0100_0000_0040L, address | size);
            assertThat(request.address())
                    .isEqualTo(unsigned.subtract(unsigned.mod(span)).longValue());
            assertThat(request.log2Bytes()).isEqualTo(12 + size);
        }
    }

    @Test
    void shouldSendTheWorkedVectors() {
        // Section 11.
        AtcInvalidation withPasid = sent(0x0000_0100_0000_7840L, 0x4001);
        assertThat(withPasid).isEqualTo(new AtcInvalidation(withPasid.ticket(), 0x100, 7, false, 0x4000, 13));
        AtcInvalidation everything = sent(0x0000_0100_0000_0040L, 0x34);
        assertThat(everything)
                .isEqualTo(new AtcInvalidation(everything.ticket(), 0x100, Transaction.NO_SUBSTREAM, false, 0, 64));
    }

    @Test
    void shouldIgnoreAddressBitsBelowThePage() {
        // w1[11:6] is reserved.
        assertThat(sent(0x0000_0100_0000_0040L, 0x4FC0).address()).isEqualTo(0x4000);
    }

    // Whom it is for.

    @ParameterizedTest(name = "SSV {0}, G {1}: PASID {2}, global {3}")
    @CsvSource({"0, 0, -1, false", "0, 1, -1, false", "1, 0, 0xABCDE, false", "1, 1, 0xABCDE, true"})
    void shouldCarryPasidAndGlobal(long ssv, long g, int pasid, boolean global) {
        // Global is ignored without a PASID.
        AtcInvalidation request = sent(0x0000_1234_ABCD_E040L | ssv << 11 | g << 9, 0x1000);
        assertThat(request.streamId()).isEqualTo(0x1234);
        assertThat(request.substreamId()).isEqualTo(pasid);
        assertThat(request.global()).isEqualTo(global);
    }

    @Test
    void shouldTellRequestsApart() {
        assertThat(sent(0x40, 0).ticket()).isNotEqualTo(sent(0x40, 0).ticket());
    }

    @ParameterizedTest
    @ValueSource(longs = {0x0001_0000_0000_0040L, 0x8000_0000_0000_0040L, 0x0001_0000_0000_0041L})
    void shouldDoNothingForAStreamIdOutOfRange(long word0) {
        // 5.1: IDR1.SIDSIZE is 16.
        hasNoEffect(word0, 0);
    }

    @ParameterizedTest(name = "SSIDSIZE {0}, SSID {1}: {2} sent")
    @CsvSource({"4, 15, 1", "4, 16, 0", "1, 1, 1", "1, 2, 0", "0, 0, 0", "0, 7, 0"})
    void shouldDoNothingForASubstreamIdOutOfRange(int bits, long ssid, int requests) {
        SmmuFeatures f = SmmuBench.withIdr0(0, ATS | PRI);
        restart(SmmuBench.features(f.idr0(), f.idr1() & ~0x7C0L | (long) bits << 6, f.idr3(), f.idr5()));
        b.command(0x840 | ssid << 12, EVERYTHING).command(0x841 | ssid << 12, 0);
        assertThat(b.read32(0x9C)).isEqualTo(b.read32(0x98));
        assertThat(port.invalidations).hasSize(requests);
        assertThat(port.responses).hasSize(requests);
    }

    @Test
    void shouldIgnoreASubstreamIdThatIsNotValid() {
        SmmuFeatures f = SmmuBench.withIdr0(0, ATS | PRI);
        restart(SmmuBench.features(f.idr0(), f.idr1() & ~0x7C0L, f.idr3(), f.idr5()));
        assertThat(sent(0x0000_0005_FFFF_F040L, EVERYTHING).substreamId()).isEqualTo(Transaction.NO_SUBSTREAM);
    }

    // Responses to Page Requests.

    @ParameterizedTest(name = "Resp {0}: {1}")
    @CsvSource({"0, FAILURE", "1, INVALID", "2, SUCCESS"})
    void shouldSendResponses(long resp, PageResponse.Code code) {
        b.command(0x0000_0100_0000_7841L, resp << 12 | 0x1FF);
        b.command(0x0000_0100_0000_7041L, resp << 12 | 5);
        assertThat(port.responses)
                .containsExactly(
                        new PageResponse(0x100, 7, 0x1FF, code),
                        new PageResponse(0x100, Transaction.NO_SUBSTREAM, 5, code));
    }

    @Test
    void shouldSendTheWorkedResponse() {
        b.command(0x0000_0100_0000_0041L, 0x2005);
        assertThat(port.responses)
                .containsExactly(new PageResponse(0x100, Transaction.NO_SUBSTREAM, 5, PageResponse.Code.SUCCESS));
    }

    // Illegal and ignored ones.

    @ParameterizedTest
    @ValueSource(longs = {53, 54, 60, 63})
    void shouldRefuseSizesAboveEverything(long size) {
        isIllegal(0x40, size);
    }

    @Test
    void shouldRefuseTheReservedResponse() {
        isIllegal(0x41, 0x3000);
    }

    @ParameterizedTest
    @ValueSource(longs = {0x440, 0x441})
    void shouldRefuseCommandsForTheSecureState(long word0) {
        isIllegal(word0, 0);
    }

    @Test
    void shouldRefuseInvalidationsWithoutAts() {
        restart(SmmuBench.stage1Features());
        isIllegal(0x40, 0);
    }

    @Test
    void shouldRefuseResponsesWithoutPri() {
        restart(SmmuBench.withIdr0(0, ATS));
        isIllegal(0x41, 0x2000);
    }

    @Test
    void shouldRefuseResponsesWherePriLacksAts() {
        // 1.3: PRI is RES0 if ATS=0.
        restart(SmmuBench.withIdr0(0, PRI));
        isIllegal(0x41, 0x2000);
    }

    @ParameterizedTest
    @CsvSource({"0x0000010000000040, 0x34", "0x0000010000000041, 0x2005"})
    void shouldIgnoreBothWhileTranslationIsOff(long word0, long word1) {
        b.write32(0x20, 0xC);
        hasNoEffect(word0, word1);
    }

    @ParameterizedTest
    @CsvSource({"0x0000010000000040, 0x35", "0x0000010000000041, 0x3005"})
    void shouldRefuseRatherThanIgnore(long word0, long word1) {
        // 5.1: CERROR_ILL takes precedence.
        b.write32(0x20, 0xC);
        isIllegal(word0, word1);
    }

    @Test
    void shouldConsumeInvalidationsWithoutAnyDevice() {
        try (SmmuBench alone = SmmuBench.started(SmmuBench.withIdr0(0, ATS))) {
            alone.command(0x40, EVERYTHING).sync();
            assertThat(alone.read32(0x9C)).isEqualTo(alone.read32(0x98));
        }
    }
}
