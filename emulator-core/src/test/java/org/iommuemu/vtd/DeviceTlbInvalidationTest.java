// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort.Invalidation;
import org.iommuemu.iommu.Transaction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Device-TLB invalidation: what is sent, what waits, and answers that are late or nobody's (fact sheet 13.4, 13.7). */
class DeviceTlbInvalidationTest {
    private static final int SOURCE = 0x20;
    private static final long INVALIDATE = 3 | (long) SOURCE << 32;
    private static final long WAIT = 0x25;
    private static final long ICE = 0x20;
    private static final long ITE = 0x40;

    @ParameterizedTest(name = "{0} is {2} bits at {1}")
    @CsvSource({
        "5000, 5000, 12",
        "5001, 4000, 14",
        "4001, 4000, 13",
        "7001, 0, 16",
        "fff001, 0, 25",
        "7ffffffffffff001, 0, 64",
        "5ffff001, 40000000, 30"
    })
    void shouldReadTheSizeOffTheLowestZero(String address, String first, int log2) {
        long word = Long.parseUnsignedLong(address, 16);
        AtcInvalidation request;
        try (VtdBench b = VtdBench.legacy()) {
            b.descriptor(INVALIDATE, word);
            request = b.requests.get(0);
        }
        assertThat(request.streamId()).isEqualTo(SOURCE);
        assertThat(request.substreamId()).isEqualTo(Transaction.NO_SUBSTREAM);
        assertThat(request.address()).isEqualTo(Long.parseLong(first, 16));
        assertThat(request.log2Bytes()).isEqualTo(log2);
    }

    @Test
    void shouldSendAPasidAndTheGlobalBit() {
        try (VtdBench b = VtdBench.scalable()) {
            b.descriptor(8 | (long) SOURCE << 16 | 5L << 32, 0x5801);

            AtcInvalidation request = b.requests.get(0);
            assertThat(request.substreamId()).isEqualTo(5);
            assertThat(request.global()).isTrue();
            assertThat(request.address()).isEqualTo(0x4000);
            assertThat(request.log2Bytes()).isEqualTo(14);
        }
    }

    @Test
    void shouldLetAWaitDescriptorWaitForEveryDevice() {
        try (VtdBench b = VtdBench.legacy()) {
            b.answer = Invalidation.PENDING;
            b.descriptor(INVALIDATE, 0x5000).descriptor(3 | 0x28L << 32, 0x5000);
            b.descriptor(WAIT | 7L << 32, VtdBench.STATUS);

            b.unit.invalidationEnded(b.requests.get(1).ticket(), true);
            assertThat(b.memory.readInt(VtdBench.STATUS)).isZero();
            b.unit.invalidationEnded(b.requests.get(0).ticket(), true);
            assertThat(b.memory.readInt(VtdBench.STATUS)).isEqualTo(7);
            assertThat(b.read32(0x34)).isZero();
        }
    }

    @Test
    void shouldTakeAnAnswerThatComesLateForUnexpected() {
        try (VtdBench b = VtdBench.legacy()) {
            b.answer = Invalidation.PENDING;
            b.descriptor(INVALIDATE, 0x5000);
            b.unit.invalidationEnded(b.requests.get(0).ticket(), false);
            assertThat(b.read32(0x34)).isEqualTo(ITE);

            b.unit.invalidationEnded(b.requests.get(0).ticket(), true);

            assertThat(b.read32(0x34)).isEqualTo(ITE | ICE);
            assertThat(b.read64(0xB0)).as("ICESID, ITESID").isEqualTo(0x0020_0020_0000_0000L);
        }
    }

    @Test
    void shouldGoOnAfterAnAnswerThatComesTwice() {
        try (VtdBench b = VtdBench.legacy()) {
            b.write32(0x38, 0);
            b.answer = Invalidation.PENDING;
            b.descriptor(INVALIDATE, 0x5000).descriptor(3 | 0x28L << 32, 0x5000);
            b.unit.invalidationEnded(b.requests.get(1).ticket(), true);
            b.unit.invalidationEnded(b.requests.get(1).ticket(), true);
            b.unit.invalidationEnded(b.requests.get(0).ticket(), true);
            b.unit.invalidationEnded(b.requests.get(0).ticket(), true);

            assertThat(b.read32(0x34)).isEqualTo(ICE);
            assertThat(b.read64(0xB0) >>> 48).as("ICESID is that of the first").isEqualTo(0x28);
            assertThat(b.pulses).containsExactly("fault");
            b.descriptor(WAIT | 7L << 32, VtdBench.STATUS);
            assertThat(b.memory.readInt(VtdBench.STATUS)).isEqualTo(7);
            b.write32(0x34, ICE);
            assertThat(b.read32(0x34)).isZero();
        }
    }

    @Test
    void shouldTakeNoNoticeOfAnswersWhileTranslationIsOff() {
        try (VtdBench b = VtdBench.legacy()) {
            b.descriptor(INVALIDATE, 0x5000).command(VtdBench.QIE);

            b.unit.invalidationEnded(b.requests.get(0).ticket(), true);

            assertThat(b.read32(0x34)).isZero();
        }
    }

    @Test
    void shouldLoseTheWaitsOfARequestThatTimesOutAndExecuteWhatComesAfter() {
        try (VtdBench b = VtdBench.legacy()) {
            b.answer = Invalidation.TIMED_OUT;
            b.descriptor(INVALIDATE, 0x5000);
            assertThat(b.read32(0x34)).isEqualTo(ITE);
            b.answer = Invalidation.ENDED;
            b.descriptor(INVALIDATE, 0x6000).descriptor(WAIT | 8L << 32, VtdBench.STATUS);
            assertThat(b.requests).as("stopped").hasSize(1);

            b.write32(0x34, ITE);

            assertThat(b.requests).hasSize(2);
            assertThat(b.memory.readInt(VtdBench.STATUS)).isEqualTo(8);
        }
    }
}
