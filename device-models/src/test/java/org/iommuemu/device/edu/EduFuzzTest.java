// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.edu;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.edu.spec.EduRegisters;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever software writes into the device: no exception, an end, and accounts that add up. */
class EduFuzzTest {
    private static final int ACCESSES = 100_000;
    private static final long HALF_A_SECOND = 500_000_000_000L;
    private static final int ID = 0x20;
    private static final int[] SIZES = {1, 2, 4, 4, 4, 8, 8, 8, 3, 0, 16};

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void shouldEndWhateverIsWritten(long seed) {
        RandomStream random = new RandomStream(seed);
        try (Platform machine = Platform.smmuv3(PlatformParameters.standard())) {
            IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
            driver.map(ID, IommuDriver.NO_PASID, 0, 0x8000_0000L, 0x1_0000, 12, IommuDriver.READ | IommuDriver.WRITE);
            PciFunction function = machine.addFunction(ID);
            function.enableBusMaster();
            EduDevice device = new EduDevice(
                    machine.loop(),
                    function,
                    new DmaChannel(function),
                    EduParameters.standard().withDmaMask(-1));
            RegisterFrame registers = function.frame(0);
            assertThat(registers).isNotNull();

            for (int i = 0; i < ACCESSES; i++) {
                long offset = offset(random);
                int size = SIZES[below(random, SIZES.length)];
                if (random.nextBelow(3) == 0) {
                    registers.readRegister(offset, size);
                } else {
                    registers.writeRegister(offset, size, value(random));
                }
                if (random.nextBelow(50) == 0) {
                    startDma(random, registers);
                }
                if (random.nextBelow(8) == 0) {
                    machine.loop().runUntil(machine.loop().now() + random.nextBelow(HALF_A_SECOND));
                }
                if (random.nextBelow(5_000) == 0) {
                    function.reset();
                    function.enableBusMaster();
                }
            }
            machine.loop().run();

            assertThat(device.isBusy()).isFalse();
            assertThat(device.transfers()).isGreaterThan(100);
            assertThat(device.outOfRange()).isGreaterThan(100);
            assertThat(device.maskedAddresses()).isZero();
            assertThat(function.requester().outstanding()).isZero();
            assertThat(registers.readRegister(0, 4)).isEqualTo(0x010000EDL);
        }
    }

    private static void startDma(RandomStream random, RegisterFrame registers) {
        boolean toMemory = random.nextBelow(2) == 0;
        long buffer = EduRegisters.BUFFER_BASE + random.nextBelow(0x1000);
        registers.writeRegister(toMemory ? 0x80 : 0x88, 8, buffer);
        registers.writeRegister(toMemory ? 0x88 : 0x80, 8, random.nextBelow(0x1_4000));
        registers.writeRegister(0x90, 8, random.nextBelow(0x1000));
        registers.writeRegister(0x98, 8, 4 * random.nextBelow(2) + (toMemory ? 3 : 1));
    }

    private static int below(RandomStream random, int bound) {
        return (int) random.nextBelow(bound);
    }

    private static long offset(RandomStream random) {
        return switch (below(random, 8)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextBelow(1 << 20);
            case 2 -> random.nextBelow(0x100);
            default ->
                EduRegisters.ALL.get(below(random, EduRegisters.ALL.size())).offset();
        };
    }

    private static long value(RandomStream random) {
        return switch (below(random, 7)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextBelow(8);
            case 2 -> EduRegisters.BUFFER_BASE + random.nextBelow(0x1002);
            case 3 -> random.nextBelow(0x1002);
            case 4 -> random.nextBelow(64);
            case 5 -> random.nextBelow(0x1_4000);
            default -> 1L << random.nextBelow(64);
        };
    }
}
