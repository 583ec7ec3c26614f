// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.time.EventLoop;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Vectors, masks and pending bits of MSI-X (PCIe Base Specification §6.1.4). */
class MsixTest {
    private static final long PENDING = 0x1000;

    private final EventLoop loop = new EventLoop();
    private final TlpLink link = TestFunctions.link(loop);
    private final PciFunction function = new PciDevice(loop, link).addFunction(0, TestFunctions.description());
    private final Register control = TestFunctions.row(function.config(), "MSI-X Message Control");
    private final RegisterFrame table = function.frame(5);
    private final List<String> sent = new ArrayList<>();

    @BeforeEach
    void start() {
        link.connectHost((tlp, buffer) -> {
            Tlp.MemoryRequest r = (Tlp.MemoryRequest) tlp;
            sent.add(Long.toHexString(r.address()) + "=" + r.data()[0]);
            buffer.drained(loop.now());
        });
        function.enableBusMaster();
        function.vector(1, 0xFEE0_0000L, 41);
        function.vector(2, 0x1_0808_0040L, 42);
    }

    private List<String> sent() {
        loop.run();
        return sent;
    }

    @Test
    void shouldSendWhatTheTableSays() {
        function.interrupt(2);
        function.interrupt(1);

        assertThat(sent()).containsExactly("108080040=42", "fee00000=41");
    }

    @Test
    void shouldHoldAMaskedVectorUntilItIsUnmasked() {
        table.writeRegister(16 + 12, 4, 1);
        function.interrupt(1);
        function.interrupt(1);
        assertThat(sent()).isEmpty();
        assertThat(table.readRegister(PENDING, 8)).isEqualTo(2);

        table.writeRegister(16 + 8, 4, 7);
        table.writeRegister(16 + 12, 4, 0);

        assertThat(sent()).as("once, with the data of now").containsExactly("fee00000=7");
        assertThat(table.readRegister(PENDING, 8)).isZero();
    }

    @Test
    void shouldHoldAllVectorsWhileTheFunctionIsMasked() {
        function.config().write(control, 0xC000);
        function.interrupt(2);
        function.interrupt(1);
        assertThat(sent()).isEmpty();

        function.config().write(control, 0x8000);

        assertThat(sent()).containsExactly("fee00000=41", "108080040=42");
    }

    @Test
    void shouldSendNothingWhileDisabledOrWithoutBusMaster() {
        function.config().write(control, 0);
        function.interrupt(1);
        function.config().write(control, 0x8000);
        function.disableBusMaster();
        function.interrupt(1);
        function.interrupt(64);

        assertThat(sent()).isEmpty();
    }

    @Test
    void shouldNotLetPendingBitsOrReservedBitsBeWritten() {
        table.writeRegister(PENDING, 8, -1);
        table.writeRegister(16, 8, -1);
        table.writeRegister(16 + 12, 4, -1);

        assertThat(table.readRegister(PENDING, 8)).isZero();
        assertThat(table.readRegister(16, 8)).isEqualTo(-4);
        assertThat(table.readRegister(16 + 12, 4)).isOne();
        assertThat(table.readRegister(17, 4)).isZero();
    }
}
