// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.DevicePort.Invalidation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The invalidation queue: order, wrap, errors, waiting (VT-d architecture 6.5.2). */
class InvalidationQueueTest {
    private static final long WAIT_STATUS = 0x25;
    private static final long IQE = 0x10;
    private static final long ITE = 0x40;

    @Test
    void shouldConsumeDescriptorsAndWrap() {
        try (VtdBench b = VtdBench.legacy()) {
            for (int i = 1; i <= 300; i++) {
                b.descriptor(WAIT_STATUS | (long) i << 32, VtdBench.STATUS);
                assertThat(b.memory.readInt(VtdBench.STATUS)).isEqualTo(i);
            }
            assertThat(b.read64(0x80)).as("IQH").isEqualTo((300 - 256) * 16);
        }
    }

    @ParameterizedTest(name = "{0} bytes")
    @CsvSource({"16, 0, 2", "32, 1, 1", "16, 0, 7", "32, 1, 7"})
    void shouldReadAQueueOfSeveralPagesWhereItsBaseSays(int width, int mode, int pagesLog2) {
        long base = VtdBench.QUEUE + 0x1000;
        int entries = (0x1000 << pagesLog2) / width;
        try (VtdBench b = VtdBench.reset().start(mode)) {
            b.command(VtdBench.TE);
            b.write64(0x90, base | (width == 32 ? 1 << 11 : 0) | pagesLog2);
            b.command(VtdBench.TE | VtdBench.QIE);
            for (int i = 0; i <= entries; i++) {
                b.words(base + (long) i % entries * width, WAIT_STATUS | (i + 1L) << 32, VtdBench.STATUS);

                b.write64(0x88, (i + 1L) % entries * width);

                assertThat(b.memory.readInt(VtdBench.STATUS)).isEqualTo(i + 1);
            }
            assertThat(b.read64(0x80)).as("IQH has wrapped").isEqualTo(width);
            assertThat(b.read32(0x34)).isZero();
        }
    }

    @ParameterizedTest(name = "scalable {0}: {1} {2} gives {3}")
    @CsvSource({
        "false, 0, 0, 3", "false, 6, 0, 3", "false, 21, 0, 0", "false, 1, 0, 4", "false, 11, 1, 4", "false, 51, 0, 4",
        "false, 2, 0, 4", "false, 32, 13, 4", "false, 32, 80, 4", "false, 5, 0, 4", "false, 25, 1, 4",
                "false, 105, 0, 4",
        "false, 4, 1, 4", "false, 3, 2, 4", "true, 6, 0, 4", "true, 16, 0, 4", "true, 27, 0, 4", "true, a, 0, 3",
        "true, 8, 2, 4", "true, 9, 1000, 4", "true, 20a, 0, 3"
    })
    void shouldStopAtADescriptorThatIsWrong(boolean scalable, String low, String high, long error) {
        try (VtdBench b = scalable ? VtdBench.scalable() : VtdBench.legacy()) {
            int width = scalable ? 32 : 16;
            b.descriptor(WAIT_STATUS | 1L << 32, VtdBench.STATUS);
            b.descriptor(Long.parseLong(low, 16), Long.parseLong(high, 16));
            b.descriptor(WAIT_STATUS | 2L << 32, VtdBench.STATUS);

            if (error == 0) {
                assertThat(b.read32(0x34)).isZero();
                return;
            }
            assertThat(b.read32(0x34)).isEqualTo(IQE);
            assertThat(b.read64(0xB0)).as("IQEI").isEqualTo(error);
            assertThat(b.read64(0x80)).as("IQH").isEqualTo(width);
            assertThat(b.memory.readInt(VtdBench.STATUS)).isEqualTo(1);

            b.words(VtdBench.QUEUE + width, 0x45, 0);
            b.write32(0x34, IQE);
            assertThat(b.read32(0x34)).isZero();
            assertThat(b.memory.readInt(VtdBench.STATUS)).isEqualTo(2);
        }
    }

    @Test
    void shouldRefuseTailsBeyondTheQueueOrNotAlignedAndShortDescriptorsInScalableMode() {
        try (VtdBench b = VtdBench.legacy()) {
            b.write64(0x88, 0x1000);
            assertThat(b.read64(0xB0)).isEqualTo(1);
        }
        try (VtdBench b = VtdBench.scalable()) {
            b.write64(0x88, 0x10);
            assertThat(b.read64(0xB0)).isEqualTo(6);
        }
        try (VtdBench b = VtdBench.scalable()) {
            b.command(VtdBench.TE);
            b.write64(0x90, VtdBench.QUEUE);
            b.command(VtdBench.TE | VtdBench.QIE);
            b.write64(0x88, 0x10);
            assertThat(b.read64(0xB0)).isEqualTo(5);
        }
        try (VtdBench b = VtdBench.reset().start(2)) {
            b.write64(0x88, 0x20);
            assertThat(b.read64(0xB0)).isEqualTo(7);
        }
    }

    @Test
    void shouldRefuseTheUpperHalfOfAShortDescriptorThatIsNotZero() {
        try (VtdBench b = VtdBench.scalable()) {
            b.words(VtdBench.QUEUE, 0x11, 0, 0, 1);
            b.write64(0x88, 0x20);

            assertThat(b.read64(0xB0)).isEqualTo(4);
        }
    }

    @Test
    void shouldInterruptOnceUntilIwcIsCleared() {
        try (VtdBench b = VtdBench.legacy()) {
            b.write32(0xA0, 0);
            b.descriptor(0x15, 0).descriptor(0x15, 0);
            assertThat(b.read32(0x9C)).isEqualTo(1);
            assertThat(b.pulses).containsExactly("invalidation");
            b.write32(0x9C, 1);
            b.descriptor(0x15, 0);
            assertThat(b.pulses).hasSize(2);
        }
    }

    @Test
    void shouldWaitForDevicesAndLoseTheWaitWhenOneTimesOut() {
        try (VtdBench b = VtdBench.legacy()) {
            b.answer = Invalidation.PENDING;
            // Device TLB of 00:04.0: 16 KiB at 0x8000.
            b.descriptor(0x20_0000_0003L, 0x9001).descriptor(WAIT_STATUS | 7L << 32, VtdBench.STATUS);
            assertThat(b.requests).singleElement().satisfies(r -> {
                assertThat(r.streamId()).isEqualTo(0x20);
                assertThat(r.address()).isEqualTo(0x8000);
                assertThat(r.log2Bytes()).isEqualTo(14);
            });
            assertThat(b.memory.readInt(VtdBench.STATUS)).isZero();
            b.unit.invalidationEnded(b.requests.get(0).ticket(), true);
            assertThat(b.memory.readInt(VtdBench.STATUS)).isEqualTo(7);

            b.descriptor(0x20_0000_0003L, 0).descriptor(WAIT_STATUS | 8L << 32, VtdBench.STATUS);
            b.unit.invalidationEnded(b.requests.get(1).ticket(), false);
            b.descriptor(WAIT_STATUS | 9L << 32, VtdBench.STATUS);
            assertThat(b.read32(0x34)).isEqualTo(ITE);
            assertThat(b.read64(0xB0) >>> 32).as("ITESID").isEqualTo(0x20);
            assertThat(b.memory.readInt(VtdBench.STATUS)).isEqualTo(7);
            b.write32(0x34, ITE);
            assertThat(b.memory.readInt(VtdBench.STATUS)).isEqualTo(9);
        }
    }
}
