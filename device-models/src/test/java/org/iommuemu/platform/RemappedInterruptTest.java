// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.host.StageLayout;
import org.iommuemu.host.VtdDriver;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.vtd.InterruptMessage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Interrupts that go through a driver's interrupt remapping table, sent by functions behind links. */
class RemappedInterruptTest {
    private static final int DEVICE = 0x100;
    private static final int OTHER = 0x108;
    private static final int VECTOR = 0x31;

    private final List<String> interrupts = new ArrayList<>();
    private final Map<Integer, PciFunction> functions = new HashMap<>();
    private final List<String> faults = new ArrayList<>();
    private Platform machine;
    private VtdDriver driver;

    @BeforeEach
    void start() {
        machine = Platform.vtd(PlatformParameters.standard());
        driver = (VtdDriver) machine.startDriver(StageLayout.STAGE_1);
        driver.onFault(fault -> faults.add(fault.kind()));
        machine.onInterrupt(
                (requester, address, data) -> interrupts.add(String.format("%x: %x %x", requester, address, data)));
        for (int stream : new int[] {DEVICE, OTHER}) {
            PciFunction function = machine.addFunction(stream);
            function.enableBusMaster();
            functions.put(stream, function);
        }
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    private void send(int stream, InterruptMessage message) {
        int data = message.data();
        functions
                .get(stream)
                .link()
                .up(new Tlp.MemoryRequest(
                        TlpKind.INTERRUPT,
                        stream,
                        0,
                        Tlp.AddressType.UNTRANSLATED,
                        message.address(),
                        4,
                        Transaction.NO_SUBSTREAM,
                        Access.WRITE,
                        new byte[] {(byte) data, (byte) (data >>> 8), (byte) (data >>> 16), (byte) (data >>> 24)},
                        null,
                        false));
        machine.loop().run();
    }

    @Test
    void shouldInterruptByTheVectorThatWasMapped() {
        InterruptMessage message = driver.mapInterrupt(DEVICE, VECTOR, 2);

        send(DEVICE, message);

        assertThat(interrupts).containsExactly("100: fee02008 4031");
        assertThat(faults).isEmpty();
    }

    @Test
    void shouldRefuseAnInterruptOfAnotherDevice() {
        InterruptMessage message = driver.mapInterrupt(DEVICE, VECTOR, 2);

        send(OTHER, message);

        assertThat(interrupts).isEmpty();
        assertThat(faults).containsExactly("IRTE_SOURCE");
    }

    @Test
    void shouldRefuseAnInterruptThatWasUnmapped() {
        InterruptMessage message = driver.mapInterrupt(DEVICE, VECTOR, 2);
        send(DEVICE, message);

        driver.unmapInterrupt(message);
        send(DEVICE, message);

        assertThat(interrupts).hasSize(1);
        assertThat(faults).containsExactly("IRTE_NOT_PRESENT");
    }

    /** Devices of a platform may also write what they were told as it is. */
    @Test
    void shouldStillLetPlainMessagesPass() {
        send(DEVICE, new InterruptMessage(driver.mapDoorbell(DEVICE, machine.doorbell()), 0x42));

        assertThat(interrupts).containsExactly("100: fee00000 42");
    }
}
