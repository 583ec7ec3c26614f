// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.device.MemoryGuard;
import org.iommuemu.device.WireWords;
import org.iommuemu.device.accelerator.spec.Descriptor;
import org.iommuemu.device.accelerator.spec.DeviceRegisters;
import org.iommuemu.device.accelerator.spec.Operation;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever is written to registers and descriptors: nothing throws, all ends, and no memory is written but what is mapped. */
class AcceleratorFuzzTest {
    private static final int MACHINES = 10;
    private static final int ROUNDS = 400;
    private static final int DESCRIPTORS = 8;
    private static final int ACCESSES = 24;
    private static final int USER = 5;
    private static final int OTHER = 6;
    private static final long HOLE = AcceleratorHost.DATA + 0x2_0000;
    private static final long STRUCTURES = 1L << 28;

    private static AcceleratorParameters small() {
        return new AcceleratorParameters(3, 2, 8, 9, 16, 4, 4096, 1000);
    }

    @ParameterizedTest
    @CsvSource({"smmuv3, false, 1", "smmuv3, true, 2", "vtd, false, 3", "vtd, true, 4"})
    void shouldEndWhateverItIsTold(String architecture, boolean ats, long seed) {
        long writes = 0;
        for (int i = 0; i < MACHINES; i++) {
            RandomStream random = new RandomStream(seed * 1000 + i);
            PlatformParameters p = PlatformParameters.standard();
            Platform machine = architecture.equals("vtd") ? Platform.vtd(p) : Platform.smmuv3(p);
            try (AcceleratorHost host = new AcceleratorHost(machine, small(), ats, USER, OTHER)) {
                host.driver.unmap(AcceleratorHost.DEVICE, USER, HOLE, 0x4000, 12);
                host.driver.map(
                        AcceleratorHost.DEVICE,
                        OTHER,
                        AcceleratorHost.BASE - 0x1000,
                        0x3_0000_0000L,
                        0x1000,
                        12,
                        IommuDriver.READ);
                if (ats) {
                    host.driver.enablePageRequests(AcceleratorHost.DEVICE);
                    host.function.enablePri(16);
                    host.driver.onPageRequest(group -> PageResponse.Code.INVALID, 1000);
                }
                MemoryGuard guard = new MemoryGuard(machine)
                        .allow(AcceleratorHost.physical(USER, AcceleratorHost.BASE), AcceleratorHost.BYTES)
                        .allow(AcceleratorHost.physical(OTHER, AcceleratorHost.BASE), AcceleratorHost.BYTES)
                        .allow(STRUCTURES, STRUCTURES); // tables and queues of the IOMMU
                for (int round = 0; round < ROUNDS; round++) {
                    round(host, random, guard, ats);
                }
                writes += guard.writes();
            }
        }
        assertThat(writes).isGreaterThan(20_000);
    }

    private static void round(AcceleratorHost host, RandomStream random, MemoryGuard guard, boolean ats) {
        host.register(DeviceRegisters.CONTROL, 3);
        host.queue(0, AcceleratorHost.dedicated(USER) | random.nextBelow(16) & 6)
                .queue(1, AcceleratorHost.shared());
        for (int i = 0; i < 8; i++) {
            long at = AcceleratorHost.DATA + 64 * random.nextBelow(64);
            host.write(random.nextBelow(2) == 0 ? USER : OTHER, at, WireWords.bytes(descriptor(random)));
        }
        for (int i = 0; i < DESCRIPTORS; i++) {
            long[] d = descriptor(random);
            if (random.nextBelow(2) == 0) {
                host.accelerator.submit((int) random.nextBelow(3), d);
            } else {
                int pasid =
                        random.nextBelow(9) == 0 ? (int) random.nextBelow(1 << 20) : USER + (int) random.nextBelow(2);
                host.accelerator.enqueue((int) random.nextBelow(3), pasid, random.nextBelow(5) == 0, d);
            }
        }
        for (int i = 0; i < ACCESSES; i++) {
            access(host, random);
        }
        if (random.nextBelow(40) == 0) {
            disturb(host, random);
        }
        guard.run();
        host.function.enableBusMaster().enablePasid(false, true);
        if (ats) {
            host.function.enableAts(0);
            host.function.enablePri(16);
        }
    }

    /** Takes the function its right to send, or resets it, while descriptors are carried out. */
    private static void disturb(AcceleratorHost host, RandomStream random) {
        for (long steps = random.nextBelow(100); steps > 0; steps--) {
            host.machine.loop().step();
        }
        if (random.nextBelow(2) == 0) {
            host.function.disableBusMaster();
        } else {
            host.function.reset();
        }
    }

    private static void access(AcceleratorHost host, RandomStream random) {
        long kind = random.nextBelow(100);
        int size = 1 << random.nextBelow(4);
        long value = random.nextLong() >>> random.nextBelow(64);
        if (kind < 50) {
            host.accelerator.readRegister(random.nextBelow(0x200), size);
        } else if (kind < 80) {
            host.accelerator.writeRegister(0x1_0000 + random.nextBelow(0x400) * 8, 8, value);
        } else if (kind < 97) {
            host.accelerator.writeRegister(0x100 + random.nextBelow(0x80), size, value);
        } else {
            host.accelerator.writeRegister(random.nextLong() >>> random.nextBelow(64), size, value);
        }
        if (random.nextBelow(200) == 0) {
            host.register(DeviceRegisters.CONTROL, random.nextBelow(4));
        }
    }

    private static long[] descriptor(RandomStream random) {
        long[] d = new long[Descriptor.WORDS];
        if (random.nextBelow(20) == 0) {
            for (int i = 0; i < d.length; i++) {
                d[i] = random.nextLong();
            }
            return d;
        }
        Operation[] all = Operation.values();
        Descriptor.OPERATION.set(d, all[(int) random.nextBelow(all.length)].code());
        Descriptor.SOURCE.set(d, address(random));
        Descriptor.DESTINATION.set(d, address(random));
        Descriptor.SIZE.set(d, random.nextBelow(10) == 0 ? random.nextLong() : random.nextBelow(0x3000));
        if (d[0] >>> 56 == Operation.BATCH.code()) {
            Descriptor.SIZE.set(d, random.nextBelow(18));
            Descriptor.SOURCE.set(d, AcceleratorHost.DATA + 64 * random.nextBelow(64));
        }
        Descriptor.RECORD.set(d, address(random) & -32L);
        Descriptor.RECORD_VALID.set(d, random.nextBelow(5) == 0 ? 0 : 1);
        Descriptor.REQUEST_RECORD.set(d, random.nextBelow(2));
        Descriptor.BLOCK_ON_FAULT.set(d, random.nextBelow(2));
        Descriptor.REQUEST_INTERRUPT.set(d, random.nextBelow(2));
        Descriptor.VECTOR.set(d, random.nextBelow(10));
        Descriptor.FENCE.set(d, random.nextBelow(6) == 0 ? 1 : 0);
        if (random.nextBelow(16) == 0) {
            d[(int) random.nextBelow(d.length)] ^= 1L << random.nextBelow(64);
        }
        return d;
    }

    private static long address(RandomStream random) {
        return switch ((int) random.nextBelow(8)) {
            case 0, 1, 2, 3 -> AcceleratorHost.DATA + random.nextBelow(0x1_0000);
            case 4 -> HOLE + random.nextBelow(0x6000) - 0x1000;
            case 5 -> AcceleratorHost.BASE - 0x1000 + random.nextBelow(0x2000);
            case 6 -> AcceleratorHost.BASE + AcceleratorHost.BYTES - random.nextBelow(0x2000);
            default -> random.nextLong();
        };
    }
}
