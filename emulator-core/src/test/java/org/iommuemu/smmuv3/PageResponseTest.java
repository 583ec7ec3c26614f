// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.smmuv3.PriBench.PROD;
import static org.iommuemu.smmuv3.PriBench.QUEUE;

import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** PRG Responses while the PRI queue is off or in error, and by command: fact sheet 5.8 and 6.7. */
class PageResponseTest {
    private PriBench p = new PriBench(1);

    @AfterEach
    void close() {
        p.close();
    }

    private void restart(long idr0, long idr1, long idr3) {
        p.close();
        p = new PriBench(1, idr0, idr1, idr3);
    }

    /** Fills the queue of two entries. */
    private void fill() {
        p.request(8, false, 0);
        p.request(8, false, 0);
    }

    // Off, or in error.

    @ParameterizedTest(name = "CR0 {0}")
    @ValueSource(longs = {0xD, 0xE, 0xC})
    void shouldFailEveryRequestWhileTheQueueIsOff(long cr0) {
        p.ats.stage1(1);
        p.bench.ste(1).set(82, 82, 1);
        p.bench.write32(0x20, cr0);
        p.request(1, false, 5);
        p.request(1, 3, true, 6);
        p.stopMarker(1, 3);
        assertThat(p.responses())
                .containsExactly("stream 1 no PASID group 5 FAILURE", "stream 1 no PASID group 6 FAILURE");
        assertThat(p.bench.read32(PROD)).isZero();
    }

    @Test
    void shouldNotOverflowWhileTheQueueIsOff() {
        fill();
        p.bench.write32(0x20, 0xD);
        p.request(1, true, 5);
        assertThat(p.responses()).containsExactly("stream 1 no PASID group 5 FAILURE");
        assertThat(p.bench.read32(PROD)).isEqualTo(2);
    }

    @Test
    void shouldFailEveryRequestAfterAWriteWithoutAnswer() {
        // PRIQ_ABT_ERR is bit 3; PROD stays (0.4).
        p.bench.write32(0x50, 3);
        p.ats.memory.mark(QUEUE, 16, RangeState.ABSENT);
        p.request(1, 3, false, 5);
        assertThat(p.bench.read32(0x60)).isEqualTo(8);
        assertThat(p.bench.read32(PROD)).isZero();
        assertThat(p.bench.pulses).containsExactly("gerror");
        p.ats.memory.mark(QUEUE, 16, RangeState.PRESENT);
        p.request(1, 3, true, 6);
        p.stopMarker(1, 3);
        assertThat(p.responses())
                .containsExactly("stream 1 no PASID group 5 FAILURE", "stream 1 no PASID group 6 FAILURE");

        p.bench.write32(0x64, 8);
        p.request(1, true, 7);
        assertThat(p.entries()).containsExactly("5000000000000001 0000000000007007");
    }

    @Test
    void shouldNotRespondToAStopMarkerThatCannotBeWritten() {
        p.ats.memory.mark(QUEUE, 16, RangeState.POISONED);
        p.stopMarker(1, 3);
        assertThat(p.bench.read32(0x60)).isEqualTo(8);
        assertThat(p.responses()).isEmpty();
    }

    @Test
    void shouldFailRequestsWherePriIsAbsent() {
        restart(AtsBench.IDR0 & ~0x1_0000L, AtsBench.IDR1, AtsBench.IDR3);
        p.request(1, true, 5);
        assertThat(p.responses()).containsExactly("stream 1 no PASID group 5 FAILURE");
    }

    // CMD_PRI_RESP.

    @ParameterizedTest(name = "Resp {0}")
    @CsvSource({"0, FAILURE", "1, INVALID", "2, SUCCESS"})
    void shouldSendWhatSoftwareSays(long resp, String code) {
        p.bench
                .command(0x1_0000_0041L, resp << 12 | 5)
                .command(0x2_0000_3841L, resp << 12 | 0x1FF)
                .sync();
        assertThat(p.responses())
                .containsExactly("stream 1 no PASID group 5 " + code, "stream 2 PASID 3 group 511 " + code);
    }

    @Test
    void shouldSendWhetherTheQueueIsOnOrNot() {
        p.bench.write32(0x20, 0xD);
        p.bench.command(0x1_0000_0041L, 0x2005).sync();
        assertThat(p.responses()).hasSize(1);
    }

    @Test
    void shouldIgnoreTheCommandWhileTranslationIsOff() {
        p.bench.write32(0x20, 0xE);
        p.bench.command(0x1_0000_0041L, 0x2005).sync();
        assertThat(p.responses()).isEmpty();
        assertThat(p.bench.read32(0x9C)).as("consumed").isEqualTo(p.bench.read32(0x98));
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({"0x100000041, 0x3005", "0x100000441, 0x2005"})
    void shouldStopAtAnIllegalResponse(String word0, String word1) {
        // Resp 11, SSec.
        long consumed = p.bench.read32(0x9C);
        p.bench.command(Long.decode(word0), Long.decode(word1));
        assertThat(p.bench.read32(0x9C)).isEqualTo(0x100_0000 | consumed);
        assertThat(p.responses()).isEmpty();
    }

    @Test
    void shouldNotKnowTheCommandWherePriIsAbsent() {
        restart(AtsBench.IDR0 & ~0x1_0000L, AtsBench.IDR1, AtsBench.IDR3);
        p.bench.command(0x1_0000_0041L, 0x2005);
        assertThat(p.bench.read32(0x9C) >>> 24).isEqualTo(1);
    }
}
