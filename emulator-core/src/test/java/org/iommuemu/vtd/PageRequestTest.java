// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.PageResponse.Code;
import org.iommuemu.iommu.Transaction;
import org.junit.jupiter.api.Test;

/** Page requests: what is queued, refused, overflows, and is answered (VT-d architecture 7.4-7.11). */
class PageRequestTest {
    private static final int SOURCE = 0x18;

    @Test
    void shouldQueueARequestAndInterrupt() {
        try (VtdBench b = VtdBench.scalable()) {
            b.first(SOURCE, 3, 1);
            b.write32(0xE0, 0);

            b.ask(SOURCE, 3, 0x5000);

            assertThat(b.read64(0xC8)).as("PQT").isEqualTo(0x20);
            assertThat(b.read32(0xDC)).as("PPR").isEqualTo(1);
            assertThat(b.memory.readLong(VtdBench.PAGE_REQUESTS)).isEqualTo(0x3_0018_0101L);
            assertThat(b.memory.readLong(VtdBench.PAGE_REQUESTS + 8)).isEqualTo(0x5000 | 5 << 3 | 5);
            assertThat(b.pulses).containsExactly("page-request");
            assertThat(b.responses).isEmpty();
        }
    }

    @Test
    void shouldWriteAQueueOfSeveralPagesWhereItsBaseSays() {
        long base = VtdBench.PAGE_REQUESTS + 0x1000;
        try (VtdBench b = VtdBench.scalable()) {
            b.first(SOURCE, 3, 1);
            b.write64(0xD0, base | 1);
            b.write64(0xC0, 255 * 0x20);
            b.write64(0xC8, 255 * 0x20);

            b.ask(SOURCE, 3, 0x5000);
            b.ask(SOURCE, 3, 0x6000);

            assertThat(b.read64(0xC8)).as("PQT has wrapped").isEqualTo(0x20);
            assertThat(b.memory.readLong(base + 255 * 0x20 + 8) >>> 12).isEqualTo(5);
            assertThat(b.memory.readLong(base + 8) >>> 12).isEqualTo(6);
        }
    }

    @Test
    void shouldAnswerForSoftwareWhenTheQueueOverflows() {
        try (VtdBench b = VtdBench.scalable()) {
            b.first(SOURCE, 3, 1);
            b.write32(0xE0, 0);
            for (int i = 0; i < 127; i++) {
                b.ask(SOURCE, 3, 0x5000);
            }
            assertThat(b.read32(0xDC)).isEqualTo(1);
            b.write32(0xDC, 1);

            b.ask(SOURCE, 3, 0x5000);
            b.ask(SOURCE, 3, 0x5000);

            assertThat(b.read32(0xDC)).as("PRO").isEqualTo(2);
            assertThat(b.read64(0xC8)).as("PQT").isEqualTo(127 * 0x20);
            assertThat(b.pulses).containsExactly("page-request", "page-request");
            assertThat(b.responses).hasSize(2).containsOnly(new PageResponse(SOURCE, 3, 5, Code.SUCCESS));
            assertThat(b.faults()).isEmpty();

            b.write64(0xC0, 127 * 0x20);
            b.write32(0xDC, 2);
            b.ask(SOURCE, 3, 0x5000);
            assertThat(b.read64(0xC8)).as("PQT has wrapped").isZero();
        }
    }

    @Test
    void shouldAnswerInvalidWhereTheTablesForbidIt() {
        try (VtdBench b = VtdBench.scalable()) {
            long entry = b.pasid(SOURCE, 3);
            b.ask(SOURCE, 3, 0x5000);
            b.memory.writeLong(entry, 5 << 6 | 1);
            b.ask(SOURCE, 3, 0x5000);
            b.memory.writeLong(b.scalableContext(SOURCE), b.memory.readLong(b.scalableContext(SOURCE)) & ~0x10L);
            b.ask(SOURCE, 3, 0x5000);

            assertThat(b.responses).hasSize(3).containsOnly(new PageResponse(SOURCE, 3, 5, Code.INVALID));
            assertThat(b.faults()).containsExactly("59 write 18 at 5000", "5b write 18 at 5000", "47 write 18 at 5000");
        }
        try (VtdBench b = VtdBench.legacy()) {
            b.ask(SOURCE, Transaction.NO_SUBSTREAM, 0x5000);
            assertThat(b.faults()).containsExactly("32 write 18 at 5000");
        }
    }

    @Test
    void shouldDropRequestsWhileTranslationIsOff() {
        try (VtdBench b = VtdBench.scalable()) {
            b.first(SOURCE, 3, 1);
            b.command(VtdBench.QIE);

            b.ask(SOURCE, 3, 0x5000);

            assertThat(b.read64(0xC8) | b.read32(0xDC) | b.read32(0x34)).isZero();
            assertThat(b.responses).isEmpty();
        }
    }

    @Test
    void shouldSendTheResponseOfADescriptor() {
        try (VtdBench b = VtdBench.scalable()) {
            b.descriptor(0x3_0018_1019L, 5 << 3);

            assertThat(b.responses).containsExactly(new PageResponse(SOURCE, 3, 5, Code.INVALID));
        }
    }

    @Test
    void shouldForgetWhatTheRequestIsAbout() {
        try (VtdBench b = VtdBench.scalable()) {
            long tables = b.first(SOURCE, 3, 1);
            b.map(tables, 0x5000, VtdBench.DATA, 0x67);
            b.access(SOURCE, 3, 0x5000, 0);
            b.map(tables, 0x5000, VtdBench.DATA + 0x1000, 0x67);

            b.ask(SOURCE, 3, 0x5000);

            assertThat(b.access(SOURCE, 3, 0x5000, 0).address()).isEqualTo(VtdBench.DATA + 0x1000);
        }
    }
}
