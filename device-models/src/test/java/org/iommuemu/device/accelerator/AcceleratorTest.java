// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.device.accelerator.AcceleratorHost.DATA;
import static org.iommuemu.device.accelerator.AcceleratorHost.NOBODY;
import static org.iommuemu.device.accelerator.AcceleratorHost.RECORDS;
import static org.iommuemu.device.accelerator.AcceleratorHost.dedicated;
import static org.iommuemu.device.accelerator.AcceleratorHost.descriptor;
import static org.iommuemu.device.accelerator.AcceleratorHost.pattern;
import static org.iommuemu.device.accelerator.AcceleratorHost.shared;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.iommuemu.device.WireWords;
import org.iommuemu.device.accelerator.spec.CompletionRecord;
import org.iommuemu.device.accelerator.spec.Descriptor;
import org.iommuemu.device.accelerator.spec.Operation;
import org.iommuemu.device.accelerator.spec.QueueRegisters;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An accelerator behind an IOMMU, as drivers and programs use it. */
class AcceleratorTest {
    private static AcceleratorHost host(String architecture, boolean ats, int... users) {
        PlatformParameters p = PlatformParameters.standard();
        return new AcceleratorHost(
                architecture.equals("smmuv3") ? Platform.smmuv3(p) : Platform.vtd(p),
                AcceleratorParameters.standard(),
                ats,
                users);
    }

    @ParameterizedTest
    @CsvSource({"smmuv3, false", "smmuv3, true", "vtd, false", "vtd, true"})
    void shouldMoveFillCompareAndSum(String architecture, boolean ats) {
        try (AcceleratorHost host = host(architecture, ats, 5).queue(0, dedicated(5))) {
            byte[] data = pattern(50_000, 3);
            host.write(5, DATA + 0x123, data);
            CRC32C crc = new CRC32C();
            crc.update(data);

            long[] moved =
                    host.run(0, 5, descriptor(Operation.MEMORY_MOVE, DATA + 0x123, DATA + 0x2_0007, 50_000, RECORDS));
            long[] same = host.run(0, 5, descriptor(Operation.COMPARE, DATA + 0x123, DATA + 0x2_0007, 50_000, RECORDS));
            long[] sum = host.run(0, 5, descriptor(Operation.CRC, DATA + 0x2_0007, 0, 50_000, RECORDS));
            long[] filled = host.run(
                    0, 5, descriptor(Operation.FILL, 0x0123_4567_89AB_CDEFL, DATA + 0x2_0008, 20_003, RECORDS));
            long[] differs =
                    host.run(0, 5, descriptor(Operation.COMPARE, DATA + 0x123, DATA + 0x2_0007, 50_000, RECORDS));

            assertThat(List.of(moved[0], same[0], sum[0], filled[0]))
                    .containsExactly(1L | 50_000L << 32, 1L | 50_000L << 32, 1L | 50_000L << 32, 1L | 20_003L << 32);
            assertThat(CompletionRecord.CRC.get(sum)).isEqualTo(crc.getValue());
            assertThat(host.read(5, DATA + 0x2_0008, 20_003))
                    .isEqualTo(AcceleratorHost.repeated(0x0123_4567_89AB_CDEFL, 20_003));
            assertThat(CompletionRecord.RESULT.getInt(differs)).isEqualTo(1);
            assertThat(CompletionRecord.COMPLETED.getInt(differs)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource({"smmuv3, false", "smmuv3, true", "vtd, false", "vtd, true"})
    void shouldKeepUsersOfASharedQueueApart(String architecture, boolean ats) {
        try (AcceleratorHost host = host(architecture, ats, 5, 6).queue(1, shared())) {
            byte[] five = pattern(9000, 5);
            byte[] six = pattern(9000, 6);
            host.write(5, DATA, five);
            host.write(6, DATA, six);
            long[] d = descriptor(Operation.MEMORY_MOVE, DATA, DATA + 0x8000, 9000, RECORDS);
            Descriptor.PASID.set(d, 5); // what a program writes there is of no meaning

            boolean first = host.accelerator.enqueue(1, 5, false, d);
            boolean second = host.accelerator.enqueue(1, 6, false, d);
            host.machine.loop().run();

            assertThat(first && second).isTrue();
            assertThat(host.read(5, DATA + 0x8000, 9000)).isEqualTo(five);
            assertThat(host.read(6, DATA + 0x8000, 9000)).isEqualTo(six);
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "7", "8", "4096", "5000"})
    void shouldMoveOntoItselfAsIfReadFirst(int distance) {
        try (AcceleratorHost host = host("smmuv3", false, 5).queue(0, dedicated(5))) {
            byte[] data = pattern(40_000, 1);
            host.write(5, DATA + 0x801, data);

            long[] up = host.run(
                    0, 5, descriptor(Operation.MEMORY_MOVE, DATA + 0x801, DATA + 0x801 + distance, 40_000, RECORDS));
            byte[] there = host.read(5, DATA + 0x801 + distance, 40_000);
            long[] down = host.run(
                    0, 5, descriptor(Operation.MEMORY_MOVE, DATA + 0x801 + distance, DATA + 0x801, 40_000, RECORDS));

            assertThat(up[0]).isEqualTo(1L | 40_000L << 32);
            assertThat(there).isEqualTo(data);
            assertThat(down[0]).isEqualTo(1L | 40_000L << 32);
            assertThat(host.read(5, DATA + 0x801, 40_000)).isEqualTo(data);
        }
    }

    @ParameterizedTest
    @CsvSource({"smmuv3", "vtd"})
    void shouldTellHowFarItCameWhereAPageIsMissing(String architecture) {
        try (AcceleratorHost host = host(architecture, true, 5).queue(0, dedicated(5))) {
            byte[] data = pattern(0x6000, 1);
            host.write(5, DATA, data);
            host.driver.unmap(AcceleratorHost.DEVICE, 5, DATA + 0x3000, 0x1000, 12);

            long[] record =
                    host.run(0, 5, descriptor(Operation.MEMORY_MOVE, DATA + 0x10, DATA + 0x8000, 0x5000, RECORDS));

            assertThat(CompletionRecord.CODE.getInt(record)).isEqualTo(3);
            assertThat(CompletionRecord.COMPLETED.getInt(record)).isEqualTo(0x2FF0);
            assertThat(CompletionRecord.FAULT_ADDRESS.get(record)).isEqualTo(DATA + 0x3000);
            assertThat(host.read(5, DATA + 0x8000, 0x2FF0)).isEqualTo(Arrays.copyOfRange(data, 0x10, 0x3000));
            assertThat(host.read(5, DATA + 0x8000 + 0x2FF0, 0x1000)).containsOnly(0);
        }
    }

    @ParameterizedTest
    @CsvSource({"smmuv3", "vtd"})
    void shouldCarryOutABatchAndInterrupt(String architecture) {
        try (AcceleratorHost host = host(architecture, false, 5).queue(0, dedicated(5))) {
            List<Integer> vectors = new ArrayList<>();
            host.machine.onInterrupt((requester, address, data) -> vectors.add(data));
            byte[] data = pattern(300, 1);
            host.write(5, DATA, data);
            long list = RECORDS + 0x1000;
            host.write(
                    5,
                    list,
                    WireWords.bytes(descriptor(Operation.MEMORY_MOVE, DATA, DATA + 0x1000, 300, RECORDS + 0x20)));
            host.write(
                    5,
                    list + 64,
                    WireWords.bytes(descriptor(Operation.BATCH, list, 0, 2, RECORDS + 0x40))); // itself: not in a batch
            host.write(
                    5,
                    list + 128,
                    WireWords.bytes(descriptor(Operation.MEMORY_MOVE, DATA, DATA + 0x2000, 300, RECORDS + 0x60)));
            long[] batch = descriptor(Operation.BATCH, list, 0, 3, RECORDS);
            Descriptor.REQUEST_INTERRUPT.set(batch, 1);
            Descriptor.VECTOR.set(batch, 4);

            long[] record = host.run(0, 5, batch);

            assertThat(record[0]).isEqualTo(5L | 3L << 32);
            assertThat(host.code(5, RECORDS + 0x20)).isEqualTo(1);
            assertThat(host.code(5, RECORDS + 0x40)).isEqualTo(0x10);
            assertThat(host.code(5, RECORDS + 0x60)).isEqualTo(1);
            assertThat(host.read(5, DATA + 0x2000, 300)).isEqualTo(data);
            assertThat(vectors).containsExactly(4);
        }
    }

    @ParameterizedTest
    @CsvSource({"smmuv3", "vtd"})
    void shouldTellToOfferAgainWhenASharedQueueIsFull(String architecture) {
        long small = shared() | QueueRegisters.ENTRIES.of(2);
        try (AcceleratorHost host = host(architecture, false, NOBODY, 5).queue(0, small)) {
            long[] d = descriptor(Operation.CRC, DATA, 0, 0x8000, RECORDS);
            List<Boolean> accepted = new ArrayList<>();

            for (int i = 0; i < 7; i++) {
                accepted.add(host.accelerator.enqueue(0, 5, false, d)); // 4 go to engines, 2 wait
            }
            host.machine.loop().run();
            accepted.add(host.accelerator.enqueue(0, 5, false, d));

            assertThat(accepted).containsExactly(true, true, true, true, true, true, false, true);
            assertThat(QueueRegisters.REFUSED.get(
                            host.register(QueueRegisters.of(0).status())))
                    .isEqualTo(1);
        }
    }
}
