// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.device.accelerator.AcceleratorHost.DATA;
import static org.iommuemu.device.accelerator.AcceleratorHost.DEVICE;
import static org.iommuemu.device.accelerator.AcceleratorHost.RECORDS;
import static org.iommuemu.device.accelerator.AcceleratorHost.dedicated;
import static org.iommuemu.device.accelerator.AcceleratorHost.descriptor;
import static org.iommuemu.device.accelerator.AcceleratorHost.pattern;
import static org.iommuemu.device.accelerator.AcceleratorHost.shared;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.device.accelerator.spec.CompletionRecord;
import org.iommuemu.device.accelerator.spec.Descriptor;
import org.iommuemu.device.accelerator.spec.DeviceRegisters;
import org.iommuemu.device.accelerator.spec.Operation;
import org.iommuemu.device.accelerator.spec.QueueRegisters;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How each descriptor ends, as docs/devices.md has it. */
class CompletionCodeTest {
    private static final int USER = 5;

    private static AcceleratorHost host(boolean ats) {
        return host("smmuv3", ats);
    }

    private static AcceleratorHost host(String architecture, boolean ats) {
        PlatformParameters p = PlatformParameters.standard();
        return new AcceleratorHost(
                architecture.equals("vtd") ? Platform.vtd(p) : Platform.smmuv3(p),
                AcceleratorParameters.standard(),
                ats,
                USER);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "no such operation, 7f, 0, 0, 0, 10",
        "move of nothing, 03, 0, 0, 0, 13",
        "move beyond the maximum, 03, 0, 0, 200001, 13",
        "move over the last address, 03, 0, fffffffffffff000, 1001, 13",
        "batch of none, 01, 0, 0, 0, 14",
        "batch too long, 01, 0, 0, 401, 14",
        "batch misaligned, 01, 0, 20, 2, 18",
        "fence outside of a batch, 00, 1, 0, 0, 11",
        "wait where not allowed, 00, 2, 0, 0, 11",
        "reserved flag, 00, 40, 0, 0, 11",
        "no such vector, 00, 10, 0, 0, 19",
        "move from a hole, 03, 0, 10000, 8, 22",
        "batch in a hole, 01, 0, 10000, 8, 06",
        "no-op, 00, 0, 0, 0, 01",
        "drain, 02, 0, 0, 0, 01",
    })
    void shouldSayWhatIsWrong(String what, String operation, String flags, String source, String size, String code) {
        try (AcceleratorHost host = host(false).queue(0, dedicated(USER))) {
            long[] d = descriptor(
                    Operation.NO_OP, Long.parseUnsignedLong(source, 16), DATA, Long.parseLong(size, 16), RECORDS);
            Descriptor.OPERATION.set(d, Long.parseLong(operation, 16));
            d[0] |= Long.parseLong(flags, 16) << 32;
            Descriptor.VECTOR.set(d, 9);

            long[] record = host.run(0, USER, d);

            assertThat(CompletionRecord.CODE.get(record)).as(what).isEqualTo(Long.parseLong(code, 16));
        }
    }

    @Test
    void shouldRefuseReservedBitsAndPrivilege() {
        try (AcceleratorHost host = host(false).queue(0, dedicated(USER))) {
            long[] reserved = descriptor(Operation.NO_OP, 0, 0, 0, RECORDS);
            reserved[6] = 1;
            long[] privileged = descriptor(Operation.NO_OP, 0, 0, 0, RECORDS);
            Descriptor.PRIV.set(privileged, 1);

            long first = CompletionRecord.CODE.get(host.run(0, USER, reserved));
            long second = CompletionRecord.CODE.get(host.run(0, USER, privileged));

            assertThat(first).isEqualTo(0x12);
            assertThat(second).isEqualTo(0x1D);
        }
    }

    @ParameterizedTest
    @CsvSource({"smmuv3", "vtd"})
    void shouldWaitForAPageThatSoftwareBringsIn(String architecture) {
        try (AcceleratorHost host = host(architecture, true).queue(1, shared())) {
            List<PageRequest> asked = new ArrayList<>();
            host.driver.enablePageRequests(DEVICE);
            host.function.enablePri(8);
            host.driver.onPageRequest(
                    group -> {
                        asked.addAll(group);
                        long page = group.get(0).address();
                        host.driver.map(
                                DEVICE,
                                USER,
                                page,
                                AcceleratorHost.physical(USER, page),
                                0x1000,
                                12,
                                IommuDriver.READ | IommuDriver.WRITE);
                        return PageResponse.Code.SUCCESS;
                    },
                    5000);
            host.driver.unmap(DEVICE, USER, DATA + 0x9000, 0x1000, 12);
            byte[] data = pattern(0x3000, 2);
            host.write(USER, DATA, data);
            long[] d = descriptor(Operation.MEMORY_MOVE, DATA, DATA + 0x8000, 0x3000, RECORDS);
            Descriptor.BLOCK_ON_FAULT.set(d, 1);

            boolean accepted = host.accelerator.enqueue(1, USER, false, d);
            host.machine.loop().run();

            assertThat(accepted).isTrue();
            assertThat(host.code(USER, RECORDS)).isEqualTo(1);
            assertThat(asked).hasSize(1);
            assertThat(asked.get(0).substreamId()).isEqualTo(USER);
            assertThat(host.read(USER, DATA + 0x8000, 0x3000)).isEqualTo(data);
        }
    }

    @ParameterizedTest
    @CsvSource({"smmuv3", "vtd"})
    void shouldEndWhereSoftwareHasNoPage(String architecture) {
        try (AcceleratorHost host = host(architecture, true).queue(1, shared())) {
            host.driver.enablePageRequests(DEVICE);
            host.function.enablePri(8);
            long[] d = descriptor(
                    Operation.MEMORY_MOVE, DATA, AcceleratorHost.BASE + AcceleratorHost.BYTES - 16, 64, RECORDS);
            Descriptor.BLOCK_ON_FAULT.set(d, 1);

            host.accelerator.enqueue(1, USER, false, d);
            host.machine.loop().run();

            long[] record = host.record(USER, RECORDS);
            assertThat(record[0]).isEqualTo(0x84L | 16L << 32);
            assertThat(CompletionRecord.FAULT_ADDRESS.get(record))
                    .isEqualTo(AcceleratorHost.BASE + AcceleratorHost.BYTES);
        }
    }

    @Test
    void shouldRecordErrorsThatNoRecordTells() {
        try (AcceleratorHost host = host(false).queue(0, dedicated(USER))) {
            List<Integer> vectors = new ArrayList<>();
            host.machine.onInterrupt((requester, address, data) -> vectors.add(data));
            host.register(DeviceRegisters.CONTROL, 3);
            long[] d = descriptor(Operation.CRC, 0x1_0000, 0, 8, RECORDS + 4); // misaligned record

            host.accelerator.submit(0, d);
            host.accelerator.submit(3, d); // off
            host.machine.loop().run();
            long error = host.register(DeviceRegisters.ERROR);
            host.register(DeviceRegisters.ERROR, 3);

            assertThat(error & 0xFFFF_FFFFL)
                    .as("the refused one came first: no code, queue 3, CRC; then another")
                    .isEqualTo(0x1003_0003L);
            assertThat(vectors).containsExactly(0);
            assertThat(host.register(DeviceRegisters.ERROR) & 3).isZero();
        }
    }

    @Test
    void shouldDrainWhatCameBefore() {
        try (AcceleratorHost host = host(false).queue(0, dedicated(USER))) {
            long[] slow = descriptor(Operation.CRC, DATA, 0, 0x4_0000, RECORDS);
            long[] drain = descriptor(Operation.DRAIN, 0, 0, 0, RECORDS + 0x20);
            long[] fast = descriptor(Operation.NO_OP, 0, 0, 0, RECORDS + 0x40);
            List<String> order = new ArrayList<>();

            host.accelerator.submit(0, slow);
            host.accelerator.submit(0, drain);
            host.accelerator.submit(0, fast);
            while (host.machine.loop().step()) {
                note(host, order, RECORDS, "slow");
                note(host, order, RECORDS + 0x20, "drain");
                note(host, order, RECORDS + 0x40, "fast");
            }

            assertThat(order).containsExactly("fast", "slow", "drain");
        }
    }

    private static void note(AcceleratorHost host, List<String> order, long record, String name) {
        if (host.code(USER, record) != 0 && !order.contains(name)) {
            order.add(name);
        }
    }

    @Test
    void shouldTakeADescriptorThroughThePortalOfADedicatedQueue() {
        try (AcceleratorHost host = host(false).queue(2, dedicated(USER))) {
            long[] d = descriptor(Operation.FILL, -1, DATA, 24, RECORDS);

            for (int i = 0; i < 8; i++) {
                host.accelerator.writeRegister(QueueRegisters.PORTALS + 2 * 0x1000 + 8 * i, 8, d[i]);
            }
            host.machine.loop().run();

            assertThat(host.code(USER, RECORDS)).isEqualTo(1);
            assertThat(host.read(USER, DATA, 24)).containsOnly(-1);
        }
    }

    @Test
    void shouldBeOffOnlyWhenNoTransferIsUnderWay() {
        try (AcceleratorHost host = host(false).queue(0, dedicated(USER))) {
            host.accelerator.submit(0, descriptor(Operation.CRC, DATA, 0, 0x4_0000, RECORDS));
            host.machine.loop().runUntil(host.machine.loop().now() + 200_000);

            host.register(DeviceRegisters.CONTROL, 0);
            long atOnce = host.register(DeviceRegisters.STATUS);
            host.machine.loop().run();

            assertThat(atOnce).isEqualTo(1);
            assertThat(host.register(DeviceRegisters.STATUS)).isZero();
            assertThat(host.code(USER, RECORDS)).isZero();
        }
    }

    @Test
    void shouldNotUseAPrivilegeThatTheQueueDoesNotGiveEvenToSayThatItIsRefused() {
        try (AcceleratorHost host = host(false).queue(0, dedicated(USER))) {
            List<Integer> accesses = new ArrayList<>();
            host.machine.bridge().observe((request, at, passed, journey) -> accesses.add(request.access()));
            long[] d = descriptor(Operation.NO_OP, 0, 0, 0, RECORDS);
            Descriptor.PRIV.set(d, 1);

            long[] record = host.run(0, USER, d);

            assertThat(CompletionRecord.CODE.get(record)).isEqualTo(0x1D);
            assertThat(accesses).isNotEmpty().allMatch(a -> (a & Access.PRIVILEGED) == 0);
        }
    }

    @Test
    void shouldNotWaitForThePageOfARecordWhereTheQueueDoesNotAllowIt() {
        try (AcceleratorHost host = host(true).queue(0, dedicated(USER))) {
            List<PageRequest> asked = new ArrayList<>();
            host.driver.enablePageRequests(DEVICE);
            host.function.enablePri(8);
            host.driver.onPageRequest(
                    group -> {
                        asked.addAll(group);
                        return PageResponse.Code.INVALID;
                    },
                    1000);
            long[] d = descriptor(Operation.NO_OP, 0, 0, 0, AcceleratorHost.BASE + AcceleratorHost.BYTES);
            Descriptor.BLOCK_ON_FAULT.set(d, 1);

            host.accelerator.submit(0, d);
            host.machine.loop().run();

            assertThat(asked).isEmpty();
            assertThat(host.register(DeviceRegisters.ERROR) >> 8 & 0x7F)
                    .as("of the record: a page is missing")
                    .isEqualTo(0x03);
        }
    }

    @Test
    void shouldKeepNothingOverAResetOfItsFunction() {
        try (AcceleratorHost host = host(false).queue(2, dedicated(USER))) {
            long[] d = descriptor(Operation.FILL, -1, DATA, 24, RECORDS);
            for (int i = 0; i < 7; i++) {
                host.accelerator.writeRegister(QueueRegisters.PORTALS + 2 * 0x1000 + 8 * i, 8, d[i]);
            }
            host.accelerator.submit(1, d); // off

            host.function.reset();
            host.function.enableBusMaster().enablePasid(false, true);
            host.register(DeviceRegisters.CONTROL, 1);
            host.queue(2, dedicated(USER));
            long refused = QueueRegisters.REFUSED.get(
                    host.register(QueueRegisters.of(1).status()));
            host.accelerator.writeRegister(QueueRegisters.PORTALS + 2 * 0x1000 + 8 * 7, 8, d[7]);
            host.machine.loop().run();

            assertThat(refused).isZero();
            assertThat(host.read(USER, DATA, 24)).containsOnly(0);
        }
    }
}
