// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.edu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.bits.Register;
import org.iommuemu.device.edu.spec.EduRegisters;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.MessageInterrupts;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.time.Picoseconds;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The registers of the edu device, each as its documentation says, with numbers rather than the model's names. */
class EduDeviceTest {
    private static final int ID = 0x18;
    private static final long IOVA = 0x4000;
    private static final long MEMORY = 0x4_8000_0000L;
    private static final long BUFFER = 0x40000;
    private static final long ONES = 0xFFFF_FFFFL;

    private final Platform machine = Platform.smmuv3(PlatformParameters.standard());
    private final List<Integer> interrupts = new ArrayList<>();
    private PciFunction function = machine.addFunction(ID);
    private EduDevice device =
            new EduDevice(machine.loop(), function, new DmaChannel(function), EduParameters.standard());
    private RegisterFrame registers = frame(function);

    private static RegisterFrame frame(PciFunction f) {
        RegisterFrame frame = f.frame(0);
        assertThat(frame).isNotNull();
        return frame;
    }

    @BeforeEach
    void map() {
        IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
        driver.map(ID, IommuDriver.NO_PASID, IOVA, MEMORY, 0x2000, 12, IommuDriver.READ | IommuDriver.WRITE);
        driver.map(
                ID,
                IommuDriver.NO_PASID,
                0x10000,
                MessageInterrupts.DOORBELL & -0x1000L,
                0x1000,
                12,
                IommuDriver.WRITE);
        function.enableBusMaster();
        function.vector(0, 0x10000 | MessageInterrupts.DOORBELL & 0xFFF, 77);
        machine.onInterrupt((requester, address, data) -> interrupts.add(data));
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private void dma(long source, long destination, long count, long command) {
        registers.writeRegister(0x80, 8, source);
        registers.writeRegister(0x88, 8, destination);
        registers.writeRegister(0x90, 8, count);
        registers.writeRegister(0x98, 8, command);
        machine.loop().run();
    }

    @Test
    void shouldIdentifyItself() {
        assertThat(registers.readRegister(0, 4)).isEqualTo(0x010000EDL);
    }

    @Test
    void shouldInvertWhatProvesItAlive() {
        registers.writeRegister(4, 4, 0x1234_5678);

        assertThat(registers.readRegister(4, 4)).isEqualTo(0xEDCB_A987L);
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 1", "5, 120", "12, 479001600", "13, 1932053504", "33, 2147483648", "34, 0", "4294967295, 0"
    })
    void shouldComputeFactorialsModulo32Bits(long n, long factorial) {
        registers.writeRegister(8, 4, n);
        long status = registers.readRegister(0x20, 4);
        machine.loop().run();

        assertThat(status).isEqualTo(1);
        assertThat(registers.readRegister(0x20, 4)).isZero();
        assertThat(registers.readRegister(8, 4)).isEqualTo(factorial);
    }

    @Test
    void shouldTakeNoOtherNumberWhileItComputes() {
        registers.writeRegister(8, 4, 5);
        registers.writeRegister(8, 4, 6);
        machine.loop().run();

        assertThat(registers.readRegister(8, 4)).isEqualTo(120);
        assertThat(machine.loop().now()).isEqualTo(Picoseconds.ofNanoseconds(5));
        assertThat(interrupts).isEmpty();
    }

    @Test
    void shouldRaiseAnInterruptAfterAFactorialWhereAsked() {
        registers.writeRegister(0x20, 4, 0xFF);
        registers.writeRegister(8, 4, 3);
        machine.loop().run();

        assertThat(registers.readRegister(0x20, 4)).isEqualTo(0x80);
        assertThat(registers.readRegister(0x24, 4)).isEqualTo(1);
        assertThat(interrupts).containsExactly(77);
    }

    @Test
    void shouldRaiseAndAcknowledgeInterrupts() {
        registers.writeRegister(0x60, 4, 0xF0F0);
        registers.writeRegister(0x64, 4, 0x00FF);
        machine.loop().run();

        assertThat(registers.readRegister(0x24, 4)).isEqualTo(0xF000);
        assertThat(interrupts).containsExactly(77);
    }

    @Test
    void shouldCopyFromMemoryToItsBufferAndBackAfterItsDelay() {
        byte[] data = {1, 2, 3, 4, 5, 6, 7};
        machine.memory().write(MEMORY + 3, data, 0, data.length);

        dma(IOVA + 3, BUFFER + 0x100, 7, 1);
        long first = machine.loop().now();
        dma(BUFFER + 0x100, IOVA + 0x1FF9, 7, 3 | 4);

        byte[] found = new byte[7];
        machine.memory().read(MEMORY + 0x1FF9, found, 0, 7);
        assertThat(found).isEqualTo(data);
        assertThat(first).isGreaterThan(Picoseconds.ofNanoseconds(100_000_000));
        assertThat(registers.readRegister(0x98, 8)).isEqualTo(6);
        assertThat(registers.readRegister(0x24, 4)).isEqualTo(0x100);
        assertThat(interrupts).containsExactly(77);
        assertThat(device.lastStatus()).isEqualTo(DmaChannel.Status.OK);
        assertThat(device.transfers()).isEqualTo(2);
    }

    @Test
    void shouldHaveZerosWhereItCouldNotRead() {
        byte[] data = {1, 2, 3, 4};
        machine.memory().write(MEMORY, data, 0, 4);
        dma(IOVA, BUFFER, 4, 1);

        dma(0x9000, BUFFER, 4, 1);
        dma(BUFFER, IOVA, 4, 3);

        assertThat(machine.memory().readLong(MEMORY) & ONES).isZero();
        assertThat(machine.bridge().refused()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0x40000, 0x1001", "0x40fff, 2", "0x3ffff, 1", "0x41001, 0", "0, 4", "0x40000, -1"})
    void shouldEndADmaThatLeavesTheBufferWithoutMovingAnything(String address, String count) {
        dma(Long.decode(address), IOVA, Long.decode(count), 7);
        dma(IOVA, Long.decode(address), Long.decode(count), 1);

        assertThat(device.outOfRange()).isEqualTo(2);
        assertThat(device.transfers()).isZero();
        assertThat(device.isBusy()).isFalse();
        assertThat(registers.readRegister(0x24, 4)).isEqualTo(0x100);
    }

    @Test
    void shouldClearAddressBitsOutsideItsMask() {
        machine.memory().writeLong(MEMORY, 0x55);

        dma(0xF_0000_0000L | IOVA, BUFFER, 8, 1);
        dma(BUFFER, IOVA + 8, 8, 3);

        assertThat(machine.memory().readLong(MEMORY + 8)).isEqualTo(0x55);
        assertThat(device.maskedAddresses()).isEqualTo(1);
    }

    @Test
    void shouldKeepItsDmaRegistersWhileADmaIsUnderWay() {
        machine.memory().writeLong(MEMORY, 0x1122_3344_5566_7788L);
        registers.writeRegister(0x80, 8, IOVA);
        registers.writeRegister(0x88, 8, BUFFER);
        registers.writeRegister(0x90, 8, 8);
        registers.writeRegister(0x98, 8, 1);

        registers.writeRegister(0x80, 8, 0x9000);
        registers.writeRegister(0x90, 4, 0);
        machine.loop().run();

        assertThat(registers.readRegister(0x80, 8)).isEqualTo(IOVA);
        assertThat(registers.readRegister(0x90, 8)).isEqualTo(8);
    }

    @Test
    void shouldIgnoreACommandThatDoesNotStart() {
        registers.writeRegister(0x98, 8, 6);

        assertThat(registers.readRegister(0x98, 8)).isZero();
        assertThat(machine.loop().pending()).isZero();
    }

    @Test
    void shouldOnlyLetRegistersBeAccessedByTheirSizes() {
        registers.writeRegister(4, 8, 0);
        registers.writeRegister(4, 2, 0);
        registers.writeRegister(0x84, 4, 7);
        registers.writeRegister(0x80, 8, 0x1234_5678_9ABC_DEF0L);

        assertThat(registers.readRegister(4, 4)).isZero();
        assertThat(registers.readRegister(4, 8)).isZero();
        assertThat(registers.readRegister(0, 8)).isEqualTo(-1);
        assertThat(registers.readRegister(0, 2)).isZero();
        assertThat(registers.readRegister(0x81, 4)).isZero();
        assertThat(registers.readRegister(0x80, 4)).isEqualTo(0x9ABC_DEF0L);
        assertThat(registers.readRegister(0x60, 4)).isEqualTo(ONES);
        assertThat(registers.readRegister(0x84, 4)).isEqualTo(ONES);
        assertThat(registers.readRegister(BUFFER, 4)).isEqualTo(ONES);

        registers.writeRegister(0x80, 4, 0x11);

        assertThat(registers.readRegister(0x80, 8)).isEqualTo(0x11);
    }

    @Test
    void shouldReadBackEveryRegisterAsTheTableSays() {
        for (Register r : EduRegisters.ALL) {
            boolean writeOnly = r.offset() == 0x60 || r.offset() == 0x64;
            long expected = writeOnly ? ONES : r.reset();

            assertThat(registers.readRegister(r.offset(), r.bytes()))
                    .as(r.name())
                    .isEqualTo(expected);
        }
    }

    @Test
    void shouldForgetAllWhenReset() {
        machine.memory().writeLong(MEMORY, -1);
        registers.writeRegister(0x60, 4, 1);
        registers.writeRegister(8, 4, 20);
        dma(IOVA, BUFFER, 8, 1);
        registers.writeRegister(0x80, 8, IOVA);
        registers.writeRegister(0x98, 8, 1);

        function.reset();
        machine.loop().run();

        assertThat(device.isBusy()).isFalse();
        assertThat(device.transfers()).isEqualTo(1);
        assertThat(registers.readRegister(0x24, 4)).isZero();
        assertThat(registers.readRegister(8, 4)).isZero();
    }

    @Test
    void shouldMoveNothingWithoutBusMaster() {
        function.disableBusMaster();

        dma(BUFFER, IOVA, 8, 7);

        assertThat(device.lastStatus()).isEqualTo(DmaChannel.Status.OFF);
        assertThat(device.isBusy()).isFalse();
        assertThat(interrupts).isEmpty();
    }
}
