// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The edu device's registers, access by access, against QEMU's; QEMU's own first and last byte of a DMA's range apart. */
@Tag("qemu")
@Timeout(300)
class EduRegistersComparisonTest {
    private static final int ACCESSES = 20_000;
    private static final int[] SIZES = {1, 2, 4, 4, 4, 8, 8};
    private static final int[] OFFSETS = {0, 4, 8, 0x20, 0x24, 0x60, 0x64, 0x80, 0x88, 0x90, 0x98};
    private static final long MEMORY_SLACK = 0x400_0000L;

    @TempDir
    Path folder = Path.of("");

    @ParameterizedTest
    @EnumSource(names = {"SMMUV3", "VTD"})
    void shouldReadTheSame(Target target) throws IOException {
        RandomStream random = new RandomStream(target.ordinal());
        int reads = 0;
        try (Qemu qemu = new Qemu(target, folder);
                Model model = new Model(target, qemu)) {
            for (int i = 0; i < ACCESSES; i++) {
                int size = SIZES[(int) random.nextBelow(SIZES.length)];
                long offset = offset(random) & -size;
                if (random.nextBelow(4) == 0) {
                    startDma(random, target.memory + MEMORY_SLACK, qemu, model);
                } else if (random.nextBelow(2) == 0) {
                    // The factorial's host thread is not waited for while it could be seen; a DMA is started elsewhere.
                    long value = offset == 8 ? random.nextBelow(64) : random.nextLong() << random.nextBelow(64);
                    value = offset == 0x98 ? value & ~1L : value;
                    qemu.writeDevice(0, offset, size, value);
                    model.writeDevice(0, offset, size, value);
                    qemu.settle(0);
                    model.settle(0);
                } else {
                    reads++;
                    assertThat(model.readDevice(0, offset, size))
                            .as("access %d: %d bytes at 0x%x", i, size, offset)
                            .isEqualTo(qemu.readDevice(0, offset, size));
                }
            }
        }
        System.out.println("edu on " + target + ": " + reads + " register reads agree");
        assertThat(reads).isGreaterThan(ACCESSES / 4);
    }

    private static long offset(RandomStream random) {
        return random.nextBelow(5) == 0 ? random.nextBelow(0x100) : OFFSETS[(int) random.nextBelow(OFFSETS.length)];
    }

    private static void startDma(RandomStream random, long memory, Side... sides) {
        boolean toMemory = random.nextBelow(2) == 0;
        long bytes = 1 + random.nextBelow(0x800);
        long buffer = 0x40000 + random.nextBelow(0x7FF);
        long address = memory + random.nextBelow(0x1000);
        long command = toMemory ? 3 : 1;
        for (Side side : sides) {
            side.writeDevice(0, 0x80, 8, toMemory ? buffer : address);
            side.writeDevice(0, 0x88, 8, toMemory ? address : buffer);
            side.writeDevice(0, 0x90, 8, bytes);
            side.writeDevice(0, 0x98, 8, command | 4);
            side.settle(0);
        }
        assertThat(sides[0].load(address, (int) bytes)).isEqualTo(sides[1].load(address, (int) bytes));
    }
}
