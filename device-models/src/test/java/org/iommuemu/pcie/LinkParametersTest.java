// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinkParametersTest {
    @ParameterizedTest(name = "{0} x{1}, MPS {2}: {3}")
    @CsvSource({
        // Base Specification 5.0, tables 3-7 to 3-9.
        "GEN1, 1, 128, 237",
        "GEN1, 4, 256, 118",
        "GEN1, 8, 128, 67",
        "GEN1, 8, 256, 107",
        "GEN1, 8, 512, 86",
        "GEN1, 16, 128, 48",
        "GEN1, 16, 4096, 534",
        "GEN2, 2, 512, 340",
        "GEN2, 8, 256, 158",
        "GEN2, 16, 256, 123",
        "GEN3, 1, 4096, 4239",
        "GEN3, 8, 128, 163",
        "GEN3, 8, 256, 203",
        "GEN3, 8, 512, 182",
        "GEN3, 16, 128, 144",
        "GEN4, 16, 512, 182",
        "GEN5, 4, 1024, 378",
    })
    void shouldAcknowledgeAsOftenAsTheSpecificationRecommends(
            LinkGeneration generation, int lanes, int payload, int limit) {
        assertThat(LinkParameters.of(generation, lanes, payload, 512).acknowledgeLimit())
                .isEqualTo(limit);
    }

    @ParameterizedTest(name = "{0} x{1}, MPS {2}: {3} and {4} Gb/s")
    @CsvSource({
        // pcie-bench, pcie-model: raw rate, and what is left for TLPs.
        "GEN3, 8, 128, 63.02, 56.67",
        "GEN3, 8, 256, 63.02, 57.88",
        "GEN3, 8, 512, 63.02, 57.31",
        "GEN3, 16, 256, 126.03, 113.70",
        "GEN4, 16, 256, 252.06, 227.40",
        "GEN5, 16, 512, 504.12, 458.49",
    })
    void shouldLeaveForTlpsWhatDllpsDoNotTake(
            LinkGeneration generation, int lanes, int payload, double raw, double tlp) {
        LinkParameters link = LinkParameters.of(generation, lanes, payload, 512);

        assertThat(link.rawBitsPerSecond() / 1e9).isCloseTo(raw, within(0.005));
        assertThat(link.tlpBitsPerSecond() / 1e9).isCloseTo(tlp, within(0.005));
    }

    @Test
    void shouldCountHeaders() {
        LinkParameters wide = LinkParameters.of(LinkGeneration.GEN3, 8, 256, 512);
        assertThat(wide.tlpBytes(TlpKind.WRITE, 64, false)).isEqualTo(24 + 64);
        assertThat(wide.tlpBytes(TlpKind.READ, 0, false)).isEqualTo(24);
        assertThat(wide.tlpBytes(TlpKind.COMPLETION, 64, false)).isEqualTo(20 + 64);

        LinkParameters narrow = new LinkParameters(LinkGeneration.GEN3, 8, 256, 512, 64, false, true);
        assertThat(narrow.tlpBytes(TlpKind.WRITE, 64, false)).isEqualTo(20 + 4 + 64);
        assertThat(narrow.tlpBytes(TlpKind.READ, 0, false)).isEqualTo(20 + 4);
        assertThat(narrow.tlpBytes(TlpKind.COMPLETION, 64, false)).isEqualTo(20 + 4 + 64);
    }

    @Test
    void shouldCountMessagesAndPrefixes() {
        // Framing, sequence number and LCRC 8, header of four DW 16 whatever the addresses, a prefix 4.
        LinkParameters narrow = new LinkParameters(LinkGeneration.GEN3, 8, 256, 512, 64, false, false);

        assertThat(narrow.tlpBytes(TlpKind.INVALIDATE_REQUEST, TlpKind.ATS_DATA, false))
                .isEqualTo(8 + 16 + 8);
        assertThat(narrow.tlpBytes(TlpKind.INVALIDATE_REQUEST, TlpKind.ATS_DATA, true))
                .isEqualTo(8 + 4 + 16 + 8);
        assertThat(narrow.tlpBytes(TlpKind.INVALIDATE_COMPLETION, 0, false)).isEqualTo(8 + 16);
        assertThat(narrow.tlpBytes(TlpKind.PAGE_REQUEST, 0, true)).isEqualTo(8 + 4 + 16);
        assertThat(narrow.tlpBytes(TlpKind.PRG_RESPONSE, 0, false)).isEqualTo(8 + 16);
        assertThat(narrow.tlpBytes(TlpKind.TRANSLATION_REQUEST, 0, true)).isEqualTo(8 + 4 + 12);
        assertThat(narrow.tlpBytes(TlpKind.TRANSLATION_COMPLETION, TlpKind.ATS_DATA, false))
                .isEqualTo(8 + 12 + 8);
        assertThat(narrow.tlpBytes(TlpKind.INTERRUPT, TlpKind.INTERRUPT_DATA, false))
                .isEqualTo(8 + 12 + 4);
    }

    @ParameterizedTest(name = "{0} lanes, MPS {1}, MRRS {2}, RCB {3}")
    @CsvSource({
        "3, 256, 512, 64, 'lanes is 3, expected 1, 2, 4, 8 or 16'",
        "32, 256, 512, 64, 'lanes is 32, expected 1, 2, 4, 8 or 16'",
        "8, 64, 512, 64, 'maxPayload is 64, expected a power of two from 128 to 4096'",
        "8, 256, 513, 64, 'maxReadRequest is 513, expected a power of two from 128 to 4096'",
        "8, 256, 8192, 64, 'maxReadRequest is 8192, expected a power of two from 128 to 4096'",
        "8, 256, 512, 32, 'readCompletionBoundary is 32, expected 64 or 128'",
    })
    void shouldRejectWhatNoLinkHas(int lanes, int payload, int request, int boundary, String message) {
        assertThatThrownBy(
                        () -> new LinkParameters(LinkGeneration.GEN3, lanes, payload, request, boundary, true, false))
                .hasMessage(message);
    }
}
