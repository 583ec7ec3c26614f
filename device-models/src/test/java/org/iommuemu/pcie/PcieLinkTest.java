// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Gen3 x8, MPS 256, MRRS 512: 57.88 Gb/s for TLPs, 138.2 ps a byte. */
class PcieLinkTest {
    private static final double BYTE = 8e12 / (64e9 * 128 / 130 * (1 - 16 / 203.0 - 4 / 1538.0));
    private static final long PROPAGATION = 1_000;
    private static final LinkParameters PARAMETERS = LinkParameters.of(LinkGeneration.GEN3, 8, 256, 512);

    private static PcieLink link(int completionBytes) {
        return new PcieLink(PARAMETERS, PROPAGATION, completionBytes);
    }

    @Test
    void shouldCutWritesAtMaxPayload() {
        assertThat((double) link(256).write(0, 64)).isCloseTo(88 * BYTE + PROPAGATION, within(5.0));
        assertThat((double) link(256).write(0, 256)).isCloseTo(280 * BYTE + PROPAGATION, within(10.0));
        assertThat((double) link(256).write(0, 257)).isCloseTo((280 + 25) * BYTE + PROPAGATION, within(10.0));
    }

    @Test
    void shouldCutReadsAtMaxReadRequestAndTheirDataAtTheCompleterSize() {
        assertThat((double) link(256).requestRead(0, 512)).isCloseTo(24 * BYTE + PROPAGATION, within(5.0));
        assertThat((double) link(256).requestRead(0, 513)).isCloseTo(48 * BYTE + PROPAGATION, within(5.0));
        assertThat((double) link(256).complete(0, 512)).isCloseTo(552 * BYTE + PROPAGATION, within(10.0));
        assertThat((double) link(64).complete(0, 512)).isCloseTo(8 * 84 * BYTE + PROPAGATION, within(10.0));
        // No completion is larger than a payload may be.
        assertThat(link(4096).complete(0, 512)).isEqualTo(link(256).complete(0, 512));
    }

    @Test
    void shouldCarryBothDirectionsAtOnceAndEachInTurn() {
        PcieLink link = link(256);
        long first = link.write(0, 256);

        assertThat(link.complete(0, 64)).isLessThan(first);
        assertThat((double) link.requestRead(0, 64)).isCloseTo(first + 24 * BYTE, within(5.0));
        assertThat(link.resources()).extracting(r -> r.name()).containsExactly("link up", "link down");
    }

    @ParameterizedTest(name = "{3} bytes at {2}, RCB {0}, at most {1}: {4}")
    @CsvSource({
        // Aligned, a completion is as large as may be.
        "64, 256, 0, 512, 2",
        // From 10h the first ends at 100h (240 B), then 256 B, then 16 B.
        "64, 256, 0x10, 512, 3",
        // From 30h the first ends at 100h although 40h would do; 208 + 256 + 48.
        "64, 256, 0x1030, 512, 3",
        // At most 64 B: from 10h 48, then 64 each.
        "64, 64, 0x10, 512, 9",
        "64, 64, 0, 512, 8",
        // An end before the boundary needs no second one.
        "64, 256, 0x10, 64, 1",
        "64, 64, 0x3F, 2, 2",
        // A completer that would send 64 B at a time must keep to a boundary of 128.
        "128, 64, 0x40, 256, 3",
        "128, 256, 0x7F, 1, 1",
        // 192 at a time are 128 where both ends are at a boundary; the first ends at 80h.
        "128, 192, 0x10, 512, 5",
    })
    void shouldCutCompletionsAtTheReadCompletionBoundary(
            int boundary, int most, String address, int bytes, int completions) {
        PcieLink link = new PcieLink(
                "link", PARAMETERS.withReadCompletionBoundary(boundary), FlowControl.INFINITE, PROPAGATION, most);

        long end = link.complete(0, Long.decode(address), bytes);

        assertThat(link.completions(Long.decode(address), bytes)).isEqualTo(completions);
        assertThat((double) end).isCloseTo((bytes + 20 * completions) * BYTE + PROPAGATION, within(10.0));
        assertThat(link.resources().get(1).statistics(1).uses()).isEqualTo(completions);
    }

    @Test
    void shouldHoldCompletionsBackWithoutCredits() {
        // One header: each completion waits until the one before has come, and 100 ns more.
        PcieLink link = new PcieLink(
                "link",
                PARAMETERS,
                new FlowControl(
                        FlowControl.Pool.INFINITE,
                        FlowControl.Pool.INFINITE,
                        FlowControl.Pool.INFINITE,
                        new FlowControl.Pool(1, 0),
                        100_000),
                PROPAGATION,
                256);

        assertThat((double) link.complete(0, 512)).isCloseTo(2 * (276 * BYTE + PROPAGATION) + 100_000, within(10.0));
        assertThat(link.resources()).extracting(r -> r.name()).contains("link down completion header credits");
    }

    @Test
    void shouldRejectCreditsThatTheLargestTlpNeverHas() {
        FlowControl.Pool none = FlowControl.Pool.INFINITE;
        assertThatThrownBy(() -> new PcieLink(
                        "link", PARAMETERS, new FlowControl(new FlowControl.Pool(1, 15), none, none, none, 0), 0, 256))
                .hasMessage("link up posted data credits are 15, expected 0 or at least 16");
        assertThatThrownBy(() -> new PcieLink(
                        "link", PARAMETERS, new FlowControl(none, new FlowControl.Pool(1, 1), none, none, 0), 0, 256))
                .hasMessage("link up non-posted data credits are 1, expected 0 or at least 2");
        assertThatThrownBy(() -> new FlowControl.Pool(-1, 0)).hasMessage("credits must not be negative");
    }

    /** The data of one read follow one another, also where they pass data that were booked for later. */
    @Test
    void shouldSendTheDataOfAReadOneBehindTheOther() {
        PcieLink link = link(256);
        link.complete(1_000_000, 64);

        assertThat((double) (link.complete(20_000, 512) - 20_000)).isCloseTo(552 * BYTE + PROPAGATION, within(10.0));
    }
}
