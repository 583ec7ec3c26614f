// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.smmuv3.PriBench.CONS;
import static org.iommuemu.smmuv3.PriBench.ON;
import static org.iommuemu.smmuv3.PriBench.OVERFLOW;
import static org.iommuemu.smmuv3.PriBench.PROD;

import java.util.function.Consumer;
import java.util.stream.Stream;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A PRI queue that is full, and the responses that it sends then: fact sheet 6.7. */
class PageRequestOverflowTest {
    private static final String ZEROES = " 0000000000000000";

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

    // The queue.

    @Test
    void shouldToggleOverflowOnceAndWriteNothingMore() {
        fill();
        assertThat(p.bench.read32(PROD)).as("full, nothing lost yet").isEqualTo(2);
        p.request(1, false, 0);
        assertThat(p.bench.read32(PROD)).isEqualTo(OVERFLOW | 2);
        p.request(1, false, 0);
        assertThat(p.bench.read32(PROD)).isEqualTo(OVERFLOW | 2);
        assertThat(p.entries())
                .containsExactly("1000000000000008 0000000000007000", "1000000000000008 0000000000007000");
    }

    @Test
    void shouldTakeNothingUntilTheOverflowIsAcknowledged() {
        fill();
        p.request(1, false, 0);
        p.bench.write32(CONS, 2);
        p.request(2, true, 5);
        assertThat(p.bench.read32(PROD)).as("empty again, but discarded").isEqualTo(OVERFLOW | 2);
        assertThat(p.responses()).containsExactly("stream 2 no PASID group 5 SUCCESS");

        p.bench.write32(CONS, OVERFLOW | 2);
        p.request(3, true, 6);
        assertThat(p.entries()).containsExactly("5000000000000003 0000000000007006");
        assertThat(p.responses()).isEmpty();
    }

    @Test
    void shouldToggleBackAtTheNextOverflow() {
        fill();
        p.request(1, false, 0);
        p.entries();
        fill();
        p.request(1, false, 0);
        assertThat(p.bench.read32(PROD)).isEqualTo(0);
        assertThat(p.bench.read32(CONS)).isEqualTo(OVERFLOW | 2);
    }

    @Test
    void shouldRespondToTheLastRequestsOnly() {
        fill();
        p.request(1, false, 5);
        assertThat(p.responses()).isEmpty();
        p.request(1, true, 6);
        p.request(2, false, 7);
        p.request(2, true, 0x1FF);
        assertThat(p.responses())
                .containsExactly("stream 1 no PASID group 6 SUCCESS", "stream 2 no PASID group 511 SUCCESS");
    }

    @Test
    void shouldRespondToTheRequestThatCausesTheOverflow() {
        fill();
        p.request(1, true, 5);
        assertThat(p.bench.read32(PROD)).isEqualTo(OVERFLOW | 2);
        assertThat(p.responses()).containsExactly("stream 1 no PASID group 5 SUCCESS");
    }

    @Test
    void shouldDropStopMarkersWithoutResponse() {
        p.ats.stage1(1);
        fill();
        p.stopMarker(1, 3);
        assertThat(p.bench.read32(PROD)).isEqualTo(OVERFLOW | 2);
        assertThat(p.responses()).isEmpty();
    }

    @Test
    void shouldInterruptForALastRequestThatOverflowsWithLo() {
        p.bench.write32(0xDC, 0x8000_0000L);
        p.bench.write32(0x50, 2);
        fill();
        p.request(1, false, 5);
        assertThat(p.bench.pulses).isEmpty();
        p.request(1, true, 5);
        assertThat(p.bench.pulses).containsExactly("priq");
    }

    @Test
    void shouldNotInterruptForAnOverflowWithoutLo() {
        fill();
        p.bench.write32(0x50, 2);
        p.request(1, true, 5);
        assertThat(p.bench.pulses).isEmpty();
    }

    @Test
    void shouldNotInterruptForWhatIsDiscardedOtherwise() {
        p.bench.write32(0xDC, 0x8000_0000L);
        p.bench.write32(0x50, 2);
        p.bench.write32(0x20, 0xD);
        p.request(1, true, 5);
        assertThat(p.bench.pulses).isEmpty();
    }

    // The PASID of a response to an overflow.

    @ParameterizedTest(name = "PPAR {0}")
    @CsvSource({"0, no PASID", "1, PASID 3"})
    void shouldHaveThePasidThatPparSays(int ppar, String pasid) {
        p.ats.stage1(1);
        p.bench.ste(1).set(82, 82, ppar);
        fill();
        p.request(1, 3, true, 5);
        assertThat(p.responses()).containsExactly("stream 1 " + pasid + " group 5 SUCCESS");
        assertThat(p.bench.events()).isEmpty();
    }

    @Test
    void shouldHeedPparOfAnAbortingStreamToo() {
        // 8.1 asks for a valid STE, not for one that translates.
        p.bench.ste(1).config(0).set(82, 82, 1).valid(1);
        fill();
        p.request(1, 3, true, 5);
        assertThat(p.responses()).containsExactly("stream 1 PASID 3 group 5 SUCCESS");
    }

    @Test
    void shouldNotLookAtTheStreamWithoutAPasid() {
        p.ats.controls(ON, 0xA);
        fill();
        p.request(1, true, 5);
        assertThat(p.responses()).containsExactly("stream 1 no PASID group 5 SUCCESS");
        assertThat(p.bench.events()).isEmpty();
    }

    @Test
    void shouldAlwaysHaveThePasidWithPps() {
        restart(AtsBench.IDR0, AtsBench.IDR1, AtsBench.IDR3 | 0x20);
        p.ats.controls(ON, 0xA);
        fill();
        p.request(1, 3, true, 5);
        assertThat(p.responses()).containsExactly("stream 1 PASID 3 group 5 SUCCESS");
        assertThat(p.bench.events()).as("PPAR is not looked at").isEmpty();
    }

    @Test
    void shouldHaveNoPasidWhereThereAreNoSubstreams() {
        restart(AtsBench.IDR0, AtsBench.IDR1 & ~0x7C0L, AtsBench.IDR3 | 0x20);
        p.ats.stage1(1);
        fill();
        p.request(1, 3, true, 5);
        assertThat(p.responses()).containsExactly("stream 1 no PASID group 5 SUCCESS");
    }

    static Stream<Arguments> missing() {
        return Stream.of(
                missing("C_BAD_STREAMID", 0x100, a -> {}, "0000010000003802" + ZEROES + ZEROES + ZEROES),
                missing(
                        "F_STE_FETCH",
                        2,
                        a -> a.memory.mark(0x10_0080, 64, RangeState.ABSENT),
                        "0000000200003803" + ZEROES + ZEROES + " 0000000000100080"),
                missing("C_BAD_STE: V=0", 1, a -> {}, "0000000100003804" + ZEROES + ZEROES + ZEROES),
                missing(
                        "C_BAD_STE: EATS",
                        1,
                        a -> {
                            a.stage1(1);
                            a.bench.ste(1).set(93, 92, 2).set(82, 82, 1);
                        },
                        "0000000100003804" + ZEROES + ZEROES + ZEROES));
    }

    private static Arguments missing(String name, int stream, Consumer<AtsBench> arrange, String event) {
        return Arguments.of(name, stream, arrange, event);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("missing")
    void shouldFailWithoutPasidWhereThereIsNoStream(String name, int stream, Consumer<AtsBench> arrange, String event) {
        arrange.accept(p.ats);
        fill();
        p.request(stream, 3, true, 5);
        assertThat(p.responses()).containsExactly("stream " + stream + " no PASID group 5 FAILURE");
        assertThat(p.bench.events()).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("missing")
    void shouldRecordTheMissingStreamWithRecCfgAts(String name, int stream, Consumer<AtsBench> arrange, String event) {
        arrange.accept(p.ats);
        p.ats.controls(ON, 0xA);
        fill();
        p.request(stream, 3, false, 5);
        assertThat(p.bench.events())
                .as("nothing is looked up for others than the last")
                .isEmpty();
        p.request(stream, 3, true, 5);
        assertThat(p.bench.events()).containsExactly(event);
    }

    @Test
    void shouldNotRecordABadStreamWithoutRecInvSid() {
        p.ats.controls(ON, 8);
        fill();
        p.request(0x100, 3, true, 5);
        assertThat(p.bench.events()).isEmpty();
    }
}
