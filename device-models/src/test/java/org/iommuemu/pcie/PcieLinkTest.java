// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** Gen3 x8, MPS 256, MRRS 512: 57.88 Gb/s for TLPs, 138.2 ps a byte. */
class PcieLinkTest {
    private static final double BYTE = 8e12 / 57.8836e9;
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
}
