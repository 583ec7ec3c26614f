// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.PageResponse.Code;
import org.iommuemu.iommu.Transaction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Page group responses, and what a page request does before it is queued (fact sheet 10.4, 13.2, 15). */
class PageGroupResponseTest {
    private static final int SOURCE = 0x18;

    @ParameterizedTest(name = "RC {0} is {1}")
    @CsvSource({"0, SUCCESS", "1, INVALID", "15, FAILURE"})
    void shouldSendTheCodeWithGroupAndPasid(int code, Code expected) {
        try (VtdBench b = VtdBench.scalable()) {
            b.descriptor(9 | 1 << 4 | (long) code << 12 | (long) SOURCE << 16 | 5L << 32, 0x1FF << 3);

            assertThat(b.responses).containsExactly(new PageResponse(SOURCE, 5, 0x1FF, expected));
        }
    }

    @Test
    void shouldSendNoPasidUnlessToldAndIgnoreTheLowBits() {
        try (VtdBench b = VtdBench.scalable()) {
            b.descriptor(9 | (long) SOURCE << 16, 3 << 3 | 7);

            assertThat(b.responses)
                    .containsExactly(new PageResponse(SOURCE, Transaction.NO_SUBSTREAM, 3, Code.SUCCESS));
        }
    }

    @Test
    void shouldQueueWithoutPasidWhatComesWithout() {
        try (VtdBench b = VtdBench.scalable()) {
            b.first(SOURCE, 0, 1);

            b.unit.requestPage(
                    new PageRequest(SOURCE, Transaction.NO_SUBSTREAM, 0x5000, false, true, true, true, false, 7));

            assertThat(b.memory.readLong(VtdBench.PAGE_REQUESTS))
                    .as("no PP, EXR, PMR")
                    .isEqualTo(0x18_0001L);
            assertThat(b.memory.readLong(VtdBench.PAGE_REQUESTS + 8)).isEqualTo(0x5000 | 7 << 3 | 2);
        }
    }

    @Test
    void shouldRecordThePrivilegeOfARequestThatIsRefused() {
        try (VtdBench b = VtdBench.scalable()) {
            b.scalableContext(SOURCE);

            b.unit.requestPage(new PageRequest(SOURCE, 4, 0x5000, true, false, false, true, true, 7));

            // F, PV=4, 51h, PP, PRIV, T2.
            assertThat(b.read64(0x408) & ~(3L << 60)).isEqualTo(0x8000_0451_B000_0018L);
            assertThat(b.responses).containsExactly(new PageResponse(SOURCE, 4, 7, Code.INVALID));
        }
    }

    @Test
    void shouldInvalidateThePageBeforeTheRequestIsQueued() {
        try (VtdBench b = VtdBench.scalable()) {
            long tables = b.scalableSecond(SOURCE, 3, 1);
            b.map(tables, 0x5000, VtdBench.DATA, 3);
            assertThat(b.access(SOURCE, 3, 0x5000, 0).isOk()).isTrue();
            b.map(tables, 0x5000, 0, 0);

            b.ask(SOURCE, 3, 0x5000);

            assertThat(b.access(SOURCE, 3, 0x5000, 0).isOk()).isFalse();
        }
    }
}
