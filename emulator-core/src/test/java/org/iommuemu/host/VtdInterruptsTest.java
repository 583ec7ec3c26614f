// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.iommuemu.vtd.InterruptMessage;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.Test;

/** Interrupts of devices, in remappable format: entries and invalidations as Linux 6.12 has them in a capture, and what they do. */
class VtdInterruptsTest {
    private static final LinuxCapture CAPTURE = LinuxCapture.LEGACY_6_12;
    private static final int IO_APIC = 0xFF00;
    private static final int NVME = 0x10;
    private static final int DISK = 0x68;
    private static final int E1000E = 0x18;
    private static final int NETWORK = 0x20;
    private static final long PLAIN = 0xFEE0_0000L;

    /** The index-selective invalidations of the capture, 65 of them, in their order: hexadecimal indices. */
    private static final String RECORDED = "1 1 8 8 b b b b b 0 0 7 7 3 3 10 10"
            + " 12 12 12 12 12 12 13 14 12 12 13 13 14 14"
            + " 15 16 17 15 15 16 16 17 17"
            + " 19 1a 1b 1c 1d 1e 1c 1c 1d 1d 1e 1e 1d 1e 19 19 1a 1a 1b 1b 19 1a 1b"
            + " 19 1a 1b 19 1a 1b 18";

    private static final class Kernel {
        final DrivenUnit machine = new DrivenUnit(CAPTURE.features(), CAPTURE.options());
        final VtdInterrupts interrupts = machine.driver().unit().interrupts();

        Kernel() {
            machine.sent();
        }

        void activate(int source, int times, int... indices) {
            for (int index : indices) {
                for (int i = 0; i < times; i++) {
                    interrupts.activate(index, source, 0x20, 0);
                }
            }
        }

        List<Integer> allocate(int source, int count) {
            List<Integer> indices =
                    Stream.generate(interrupts::allocate).limit(count).toList();
            indices.forEach(i -> activate(source, 1, i));
            return indices;
        }
    }

    /** Allocated, activated; moved; deactivated, freed: one index-selective invalidation and a wait for each. */
    @Test
    void shouldInvalidateAsRecorded() {
        Kernel kernel = new Kernel();
        VtdInterrupts interrupts = kernel.interrupts;

        for (int pin = 0; pin < 18; pin++) {
            assertThat(interrupts.allocate()).isEqualTo(pin);
        }
        kernel.activate(IO_APIC, 2, 1, 8);
        kernel.activate(IO_APIC, 5, 11);
        kernel.activate(IO_APIC, 2, 0, 7, 3, 16);
        assertThat(kernel.allocate(NVME, 1)).containsExactly(18);
        kernel.activate(NVME, 2, 18);
        interrupts.deactivate(18);
        interrupts.free(18);
        assertThat(kernel.allocate(NVME, 3)).containsExactly(18, 19, 20);
        kernel.activate(NVME, 2, 18, 19, 20);
        assertThat(kernel.allocate(DISK, 3)).containsExactly(21, 22, 23);
        kernel.activate(DISK, 2, 21, 22, 23);
        assertThat(interrupts.allocate()).isEqualTo(24);
        assertThat(kernel.allocate(E1000E, 3)).containsExactly(25, 26, 27);
        assertThat(kernel.allocate(NETWORK, 3)).containsExactly(28, 29, 30);
        kernel.activate(NETWORK, 2, 28, 29, 30);
        kernel.activate(NETWORK, 1, 29, 30);
        kernel.activate(E1000E, 2, 25, 26, 27);
        kernel.activate(E1000E, 1, 25, 26, 27);
        for (int index = 25; index <= 27; index++) {
            interrupts.deactivate(index);
        }
        for (int index = 25; index <= 27; index++) {
            interrupts.free(index);
        }
        interrupts.free(24);

        List<String> expected = new ArrayList<>();
        for (String index : RECORDED.split(" ")) {
            expected.add(index.equals("0") ? "14 0" : index + "00000014 0");
            expected.add("wait");
        }
        assertThat(kernel.machine.sent()).isEqualTo(expected);
        kernel.machine.close();
    }

    /** Entries by the vector, processor and source that the capture's have; the rest of their words is the driver's. */
    @Test
    void shouldWriteEntriesAsRecorded() {
        Kernel kernel = new Kernel();
        long table = kernel.machine.unit().readRegister(0xB8, 8) & -0x1000L;

        for (List<Long> row : CAPTURE.numbers("interrupts")) {
            int index = row.get(0).intValue();
            long low = row.get(1);
            kernel.interrupts.activate(
                    index, (int) (row.get(2) & 0xFFFF), (int) (low >>> 16 & 0xFF), (int) (low >>> 40 & 0xFF));

            long at = table + index * 16L;
            assertThat(kernel.machine.memory().readLong(at)).isEqualTo(low);
            assertThat(kernel.machine.memory().readLong(at + 8)).isEqualTo(row.get(2));
        }
        kernel.machine.close();
    }

    /** 6.1 names processors by bits: entry 1 of the captures with it is 0x1000030000d. */
    @Test
    void shouldNameProcessorsByBitsInOldReleases() {
        try (DrivenUnit machine = DrivenUnit.like(LinuxCapture.LEGACY_48)) {
            long table = machine.unit().readRegister(0xB8, 8) & -0x1000L;

            machine.driver().unit().interrupts().activate(1, IO_APIC, 0x30, 0);
            machine.driver().unit().interrupts().activate(7, IO_APIC, 0x23, 1);

            assertThat(machine.memory().readLong(table + 16)).isEqualTo(0x1_0000_30_000DL);
            assertThat(machine.memory().readLong(table + 7 * 16)).isEqualTo(0x2_0000_23_000DL);
        }
    }

    /** What MSI-X of a device is told: messages of the capture, and where they go. */
    @Test
    void shouldRemapWhatADeviceSends() {
        try (DrivenUnit machine = new DrivenUnit(CAPTURE.features(), CAPTURE.options())) {
            VtdDriver driver = machine.driver();
            List<InterruptMessage> messages = new ArrayList<>();
            for (int i = 0; i < 31; i++) {
                messages.add(driver.mapInterrupt(NVME, 0x24 + i, 1));
            }

            InterruptMessage sent = messages.get(18);
            assertThat(sent).isEqualTo(new InterruptMessage(0xFEE0_0258L, 0));
            assertThat(messages.get(30).address()).isEqualTo(0xFEE0_03D8L);
            assertThat(machine.unit().remapInterrupt(NVME, sent.address(), sent.data(), 4))
                    .isEqualTo(new InterruptMessage(0xFEE0_1008L, 0x4000 | 0x24 + 18));
        }
    }

    @Test
    void shouldRefuseOtherSourcesAndWhatWasUnmapped() {
        try (DrivenUnit machine = new DrivenUnit(CAPTURE.features(), CAPTURE.options())) {
            VtdDriver driver = machine.driver();
            InterruptMessage sent = driver.mapInterrupt(NVME, 0x24, 0);
            assertThat(machine.unit().remapInterrupt(NVME, sent.address(), 0, 4))
                    .isNotNull();

            assertThat(machine.unit().remapInterrupt(DISK, sent.address(), 0, 4))
                    .isNull();
            driver.unmapInterrupt(sent);
            assertThat(machine.unit().remapInterrupt(NVME, sent.address(), 0, 4))
                    .isNull();

            assertThat(driver.mapInterrupt(DISK, 0x25, 0)).isEqualTo(sent);
            assertThat(machine.unit().remapInterrupt(DISK, sent.address(), 0, 4))
                    .isNotNull();
        }
    }

    /** The entry is cached once it was used: a move that were not invalidated would not be seen. */
    @Test
    void shouldMoveAnInterruptThatIsInUse() {
        try (DrivenUnit machine = new DrivenUnit(CAPTURE.features(), CAPTURE.options())) {
            InterruptMessage sent = machine.driver().mapInterrupt(NVME, 0x24, 0);
            machine.unit().remapInterrupt(NVME, sent.address(), 0, 4);

            machine.driver().moveInterrupt(sent, NVME, 0x31, 1);

            assertThat(machine.unit().remapInterrupt(NVME, sent.address(), 0, 4))
                    .isEqualTo(new InterruptMessage(0xFEE0_1008L, 0x4031));
        }
    }

    /** Linux blocks plain messages; who has devices that write them lets them pass. */
    @Test
    void shouldLetPlainMessagesPassOnlyIfAskedTo() {
        try (DrivenUnit linux = new DrivenUnit(CAPTURE.features(), CAPTURE.options());
                DrivenUnit plain = new DrivenUnit(CAPTURE.features(), VtdOptions.of(StageLayout.STAGE_2, false))) {
            assertThat(linux.unit().remapInterrupt(NVME, PLAIN, 0x30, 4)).isNull();
            assertThat(plain.unit().remapInterrupt(NVME, PLAIN, 0x30, 4)).isEqualTo(new InterruptMessage(PLAIN, 0x30));
            InterruptMessage sent = plain.driver().mapInterrupt(NVME, 0x24, 0);
            assertThat(plain.unit().remapInterrupt(NVME, sent.address(), 0, 4)).isNotNull();
        }
    }

    @Test
    void shouldSayWhatCannotBeMapped() {
        VtdFeatures f = CAPTURE.features();
        VtdFeatures without = new VtdFeatures(f.ver(), f.cap(), f.ecap() & ~ExtendedCapability.IR.mask());
        try (DrivenUnit machine = new DrivenUnit(without, CAPTURE.options());
                DrivenUnit remapping = new DrivenUnit(f, CAPTURE.options())) {
            assertThatThrownBy(() -> machine.driver().mapInterrupt(NVME, 0x24, 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("expected a unit that remaps interrupts");
            assertThatThrownBy(() -> remapping.driver().mapInterrupt(NVME, 256, 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("expected one from 0 to 255");
        }
    }
}
