// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.host.DrivenMachine.Setup;
import org.iommuemu.iommu.Iommu;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A queue goes on behind what the IOMMU refuses: found by who waits next, or by the interrupt. */
class QueueRecoveryTest {
    private static final String ALL = "org.iommuemu.host.DrivenMachine$Setup#all";
    private static final int NONE = IommuDriver.NO_PASID;
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;
    private static final long PAGE = 0x1000;
    private static final long PHYSICAL = 0x800_0000_0000L;

    private static final int GERROR = 0x60;
    private static final int GERRORN = 0x64;
    private static final int FSTS = 0x34;
    private static final int IQT = 0x88;
    private static final int IQA = 0x90;
    /** IQE, ICE and ITE. */
    private static final long QUEUE_ERRORS = 0x70;

    /** Puts a command, or a descriptor, of a type that does not exist where the next is to be. */
    private static void sendNonsense(DrivenMachine machine, Setup setup) {
        Iommu iommu = machine.iommu();
        if (setup.architecture().isSmmu()) {
            // The driver alone knows where its queue ends.
            CommandSender commands = ((SmmuDriver) machine.driver()).setup().commands();
            commands.add(0xFF, 0);
            commands.submit();
        } else {
            long base = iommu.readRegister(IQA, 8) & -0x1000L;
            long tail = iommu.readRegister(IQT, 8);
            machine.memory().writeLong(base + tail, 0xF);
            iommu.writeRegister(IQT, 8, tail + 32 & 0x1FFF);
        }
    }

    private static boolean isStopped(DrivenMachine machine, Setup setup) {
        Iommu iommu = machine.iommu();
        return setup.architecture().isSmmu()
                ? iommu.readRegister(GERROR, 4) != iommu.readRegister(GERRORN, 4)
                : (iommu.readRegister(FSTS, 4) & QUEUE_ERRORS) != 0;
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldGoOnWhenSomebodyWaits(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            driver.map(1, NONE, 0, PHYSICAL, 2 * PAGE, 12, READ_WRITE);
            assertThat(machine.read(1, NONE, 0)).isEqualTo(PHYSICAL);
            sendNonsense(machine, setup);
            assertThat(isStopped(machine, setup)).isTrue();

            driver.unmap(1, NONE, 0, PAGE, 12);

            assertThat(isStopped(machine, setup)).isFalse();
            assertThat(machine.read(1, NONE, 0)).isEqualTo(-1);
            machine.devices().run();
            assertThat(machine.stale().staleAccesses()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldGoOnByInterrupt(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            sendNonsense(machine, setup);
            assertThat(isStopped(machine, setup)).isTrue();

            machine.devices().run();

            assertThat(isStopped(machine, setup)).isFalse();
        }
    }

    /** 600 rounds go twice around a queue of 256. */
    @ParameterizedTest
    @MethodSource(ALL)
    void shouldGoOnEveryTime(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            for (int i = 0; i < 600; i++) {
                driver.map(1, NONE, 0, PHYSICAL + i * PAGE, PAGE, 12, READ_WRITE);
                assertThat(machine.read(1, NONE, 0)).isEqualTo(PHYSICAL + i * PAGE);
                if (i % 3 == 0) {
                    sendNonsense(machine, setup);
                }
                driver.unmap(1, NONE, 0, PAGE, 12);
                assertThat(machine.read(1, NONE, 0)).isEqualTo(-1);
            }
        }
    }
}
