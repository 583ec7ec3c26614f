// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.smmuv3.PriBench.CONS;
import static org.iommuemu.smmuv3.PriBench.ON;
import static org.iommuemu.smmuv3.PriBench.PROD;
import static org.iommuemu.smmuv3.PriBench.QUEUE;

import java.util.stream.Stream;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The PRI queue: entries, indexes, registers, interrupts. Fact sheet 1.9, 1.12, 6.6 and section 8. */
class PageRequestQueueTest {
    private static final int NONE = AtsBench.NONE;

    private final PriBench p = new PriBench(3);

    @AfterEach
    void close() {
        p.close();
    }

    // Entries.

    static Stream<Arguments> requests() {
        return Stream.of(
                // The worked vector of section 11.
                Arguments.of(request(0x100, 2, 0x7000, "RWL", 4), "f000000200000100 0000000000007004"),
                Arguments.of(request(0xABCD, NONE, 0, "", 0), "000000000000abcd 0000000000000000"),
                Arguments.of(request(1, 0xF_FFFF, 0, "R", 0), "900fffff00000001 0000000000000000"),
                Arguments.of(request(1, 0, 0, "R", 0), "9000000000000001 0000000000000000"),
                Arguments.of(request(1, NONE, 0, "R", 0), "1000000000000001 0000000000000000"),
                Arguments.of(request(1, NONE, 0, "W", 0), "2000000000000001 0000000000000000"),
                Arguments.of(request(1, NONE, 0, "RL", 0), "5000000000000001 0000000000000000"),
                Arguments.of(request(1, 3, 0, "RX", 0), "9800000300000001 0000000000000000"),
                Arguments.of(request(1, 3, 0, "RP", 0), "9400000300000001 0000000000000000"),
                Arguments.of(request(1, NONE, 0, "RXP", 0), "1000000000000001 0000000000000000"),
                Arguments.of(request(1, NONE, 0, "R", 0x1FF), "1000000000000001 00000000000001ff"),
                Arguments.of(request(1, NONE, -0x1000, "R", 0), "1000000000000001 fffffffffffff000"),
                // A Stop Marker; without PASID, the same bits are a request like any other.
                Arguments.of(request(1, 3, 0, "L", 0), "c000000300000001 0000000000000000"),
                Arguments.of(request(1, NONE, 0, "L", 0), "4000000000000001 0000000000000000"));
    }

    private static PageRequest request(int stream, int pasid, long page, String bits, int group) {
        return new PageRequest(
                stream,
                pasid,
                page,
                bits.contains("R"),
                bits.contains("W"),
                bits.contains("X"),
                bits.contains("P"),
                bits.contains("L"),
                group);
    }

    @ParameterizedTest
    @MethodSource("requests")
    void shouldWriteAnEntryForARequest(PageRequest request, String entry) {
        p.send(request);
        assertThat(p.bench.read32(PROD)).isEqualTo(1);
        assertThat(p.entries()).containsExactly(entry);
        assertThat(p.responses()).isEmpty();
    }

    @Test
    void shouldKeepTheOrderOfInterleavedGroups() {
        p.request(1, false, 7);
        p.request(2, false, 7);
        p.request(1, true, 7);
        p.request(2, true, 7);
        assertThat(p.entries())
                .containsExactly(
                        "1000000000000001 0000000000007007", "1000000000000002 0000000000007007",
                        "5000000000000001 0000000000007007", "5000000000000002 0000000000007007");
        assertThat(p.responses()).as("software answers").isEmpty();
    }

    @Test
    void shouldNotCareForTheStreamsConfiguration() {
        // 6.7: neither ATSCHK nor EATS count, and nothing is looked up.
        p.bench.write32(0x20, ON | AtsBench.ATSCHK);
        p.bench.ste(2).config(4).valid(1);
        p.request(1, false, 0);
        p.request(2, false, 0);
        p.request(0xFFFF, false, 0);
        assertThat(p.entries()).hasSize(3);
        assertThat(p.bench.events()).isEmpty();
    }

    @Test
    void shouldServeARequestUpToItsRetry() {
        TestCd cd = p.ats.stage1(1);
        assertThat(p.ats.ask(1, 0x7000, 0)).isEqualTo("0/12");
        p.request(1, true, 5);
        assertThat(p.entries()).containsExactly("5000000000000001 0000000000007005");
        cd.map(0x7000, 0x8000_7000L);
        p.bench.command(0x1_0000_0041L, 0x2005).sync();
        assertThat(p.responses()).containsExactly("stream 1 no PASID group 5 SUCCESS");
        assertThat(p.ats.ask(1, 0x7000, 0)).isEqualTo("80007000/12 RW");
    }

    // Sizes and indexes.

    @ParameterizedTest(name = "LOG2SIZE {0}")
    @ValueSource(ints = {0, 1, 2, 5})
    void shouldWrapAroundManyTimes(int log2) {
        try (PriBench q = new PriBench(log2)) {
            for (int i = 0; i < 5 << log2; i++) {
                q.request(i, false, 0);
                assertThat(q.bench.read32(PROD)).isEqualTo(i + 1 & (2 << log2) - 1);
                assertThat(q.entries()).containsExactly(String.format("%016x 0000000000007000", 1L << 60 | i));
            }
            assertThat(q.responses()).isEmpty();
        }
    }

    @Test
    void shouldHoldAsManyAsItHasEntries() {
        for (int i = 0; i < 8; i++) {
            p.request(i, false, 0);
        }
        assertThat(p.bench.read32(PROD)).isEqualTo(8);
        assertThat(p.entries()).hasSize(8);
    }

    @Test
    void shouldCapTheSizeForUseButNotForReadBack() {
        // IDR1.PRIQS 1: two entries.
        try (PriBench q = new PriBench(3, AtsBench.IDR0, AtsBench.IDR1 & ~0xF800L | 0x800, AtsBench.IDR3)) {
            assertThat(q.bench.read64(0xC0)).isEqualTo(QUEUE | 3);
            q.request(1, false, 0);
            q.request(2, false, 0);
            q.request(3, false, 0);
            assertThat(q.bench.read32(PROD)).isEqualTo(PriBench.OVERFLOW | 2);
        }
    }

    @Test
    void shouldAlignTheBaseToTheSize() {
        p.bench.write32(0x20, 0xD);
        p.bench.write64(0xC0, QUEUE | 0x60 | 3);
        p.bench.write32(0x20, ON);
        p.request(1, false, 0);
        assertThat(p.ats.memory.readLong(QUEUE)).isEqualTo(1L << 60 | 1);
    }

    @Test
    void shouldTakeInconsistentIndexesAsFull() {
        p.bench.write32(CONS, 1);
        p.request(1, false, 0);
        assertThat(p.bench.read32(PROD)).isEqualTo(PriBench.OVERFLOW);
    }

    // Registers.

    @Test
    void shouldGuardBaseAndProdByPriqEn() {
        for (long cr0 : new long[] {ON, ON & ~1}) {
            // The raw PRIQEN counts, not the effective one.
            p.bench.write32(0x20, cr0);
            p.bench.write64(0xC0, 0x1000);
            p.bench.write32(PROD, 5);
            assertThat(p.bench.read64(0xC0)).isEqualTo(QUEUE | 3);
            assertThat(p.bench.read32(PROD)).isZero();
        }
    }

    @Test
    void shouldReadBackWhatIsImplemented() {
        p.bench.write32(0x20, 0xD);
        p.bench.write64(0xC0, -1L);
        assertThat(p.bench.read64(0xC0) & ~0xFF_0000_0000_0000L)
                .as("bits above OAS may be kept or not")
                .isEqualTo(0x4000_FFFF_FFFF_FFFFL);
        p.bench.write64(0xC0, QUEUE | 3);
        p.bench.write32(PROD, 0xFFFF_FFFFL);
        p.bench.write32(CONS, 0xFFFF_FFFFL);
        assertThat(p.bench.read32(PROD)).isEqualTo(0x8000_000FL);
        assertThat(p.bench.read32(CONS)).isEqualTo(0x8000_000FL);
    }

    @Test
    void shouldAcknowledgeTheRawEnable() {
        p.bench.write32(0x20, 0xE);
        assertThat(p.bench.read32(0x24)).isEqualTo(0xE);
    }

    @Test
    void shouldGuardMessagesByTheirEnable() {
        p.bench.write64(0xD0, 0x700_0000);
        p.bench.write32(0xD8, 0xCAFE);
        p.bench.write32(0xDC, 0x8000_003FL);
        p.bench.write32(0x50, 2);
        p.bench.write64(0xD0, 0);
        p.bench.write32(0xD8, 0);
        p.bench.write32(0xDC, 0);
        assertThat(p.bench.read64(0xD0)).isEqualTo(0x700_0000);
        assertThat(p.bench.read32(0xD8)).isEqualTo(0xCAFE);
        assertThat(p.bench.read32(0xDC)).isEqualTo(0x8000_003FL);
    }

    @Test
    void shouldHaveNoRegistersWithoutPri() {
        try (PriBench q = new PriBench(3, AtsBench.IDR0 & ~0x1_0000L, AtsBench.IDR1, AtsBench.IDR3)) {
            assertThat(q.bench.read32(0x20)).as("PRIQEN is RES0").isEqualTo(0xD);
            q.bench.write32(0x50, 7);
            assertThat(q.bench.read32(0x50)).as("PRIQ_IRQEN is RES0").isEqualTo(5);
            q.bench.write32(0x50, 0);
            for (long offset : new long[] {0xC0, 0xC4, PROD, CONS, 0xD0, 0xD4, 0xD8, 0xDC}) {
                q.bench.write32(offset, 0xFFFF_FFFFL);
                assertThat(q.bench.read32(offset)).as("0x%x", offset).isZero();
            }
        }
    }

    // Interrupts.

    @Test
    void shouldInterruptWhenTheQueueWasEmpty() {
        p.bench.write32(0x50, 2);
        p.request(1, true, 0);
        p.request(1, true, 1);
        assertThat(p.bench.pulses).containsExactly("priq");
        p.entries();
        p.request(1, false, 2);
        assertThat(p.bench.pulses).containsExactly("priq", "priq");
    }

    @Test
    void shouldInterruptOnlyForTheLastOfAGroupWithLo() {
        p.bench.write32(0xDC, 0x8000_0000L);
        p.bench.write32(0x50, 2);
        p.request(1, false, 0);
        assertThat(p.bench.pulses).isEmpty();
        p.request(1, true, 0);
        p.request(1, true, 1);
        p.request(1, false, 2);
        assertThat(p.bench.pulses).containsExactly("priq", "priq");
    }

    @Test
    void shouldNotInterruptUnlessEnabled() {
        p.bench.write32(0x50, 5);
        p.request(1, true, 0);
        assertThat(p.bench.pulses).isEmpty();
    }

    @Test
    void shouldSendAMessageWhereOneIsConfigured() {
        p.bench.write64(0xD0, 0x700_0000);
        p.bench.write32(0xD8, 0xCAFE);
        p.bench.write32(0x50, 2);
        p.request(1, true, 0);
        assertThat(p.ats.memory.readInt(0x700_0000)).isEqualTo(0xCAFE);
    }

    @Test
    void shouldReportAMessageWithoutAnswer() {
        // MSI_PRIQ_ABT_ERR is bit 6; the entry stands.
        p.bench.write64(0xD0, 0x700_0000);
        p.ats.memory.mark(0x700_0000, 4, RangeState.ABSENT);
        p.bench.write32(0x50, 3);
        p.request(1, true, 0);
        assertThat(p.bench.read32(0x60)).isEqualTo(0x40);
        assertThat(p.bench.pulses).endsWith("gerror");
        assertThat(p.entries()).hasSize(1);
        p.request(1, true, 1);
        assertThat(p.entries()).as("the error stops nothing").hasSize(1);
    }

    @Test
    void shouldHaveNoMessagesButLoWithoutMsi() {
        try (PriBench q = new PriBench(3, AtsBench.IDR0 & ~0x2000L, AtsBench.IDR1, AtsBench.IDR3)) {
            q.bench.write64(0xD0, 0x700_0000);
            q.bench.write32(0xDC, 0x8000_003FL);
            assertThat(q.bench.read64(0xD0)).isZero();
            // U-18: LO concerns wires as well.
            assertThat(q.bench.read32(0xDC)).isEqualTo(0x8000_0000L);
        }
    }
}
