// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Requester;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is an interrupt, and what only goes where interrupts go (VT-d fact sheet, 10.1, 16.2); poisoned requests. */
class InterruptWindowTest {
    private static final int DEVICE = 0x100;
    private static final int NONE = Transaction.NO_SUBSTREAM;
    private static final long WINDOW = 0xFEE0_0000L;
    private static final long PHYSICAL = 0x1_0000_0000L;

    private final List<Integer> interrupts = new ArrayList<>();
    private final List<Requester.Outcome> ended = new ArrayList<>();
    private Platform machine;
    private IommuDriver driver;
    private PciFunction function;

    private void start(Platform made) {
        machine = made;
        driver = machine.startDriver(StageLayout.STAGE_1);
        driver.map(DEVICE, IommuDriver.NO_PASID, 0x4000, PHYSICAL, 0x1000, 12, IommuDriver.READ | IommuDriver.WRITE);
        machine.onInterrupt((requester, address, data) -> interrupts.add(data));
        function = machine.addFunction(DEVICE);
        function.enableBusMaster();
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    private List<String> reasons() {
        List<String> reasons = new ArrayList<>();
        driver.onFault(fault -> reasons.add(fault.kind()));
        machine.loop().run();
        return reasons;
    }

    @Test
    void shouldAnswerAnAtomicOpToTheWindow() {
        start(Platform.vtd(PlatformParameters.standard()));

        function.requester()
                .atomic(
                        Tlp.AddressType.UNTRANSLATED,
                        WINDOW,
                        Tlp.AtomicOp.SWAP,
                        new byte[] {1, 2, 3, 4},
                        NONE,
                        0,
                        (outcome, data) -> ended.add(outcome));

        assertThat(reasons()).containsExactly("INTERRUPT_WINDOW");
        assertThat(ended).containsExactly(Requester.Outcome.UR);
        assertThat(interrupts).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8, 64})
    void shouldNotTakeAWriteOfAnotherSizeForAnInterrupt(int bytes) {
        start(Platform.vtd(PlatformParameters.standard()));

        function.requester().write(Tlp.AddressType.UNTRANSLATED, WINDOW, new byte[bytes], NONE, Access.WRITE);

        assertThat(reasons()).containsExactly("INTERRUPT_WINDOW");
        assertThat(interrupts).isEmpty();
    }

    @Test
    void shouldNotInterruptByPoisonedData() {
        start(Platform.vtd(PlatformParameters.standard()));

        for (boolean poisoned : new boolean[] {true, false}) {
            function.link()
                    .up(new Tlp.MemoryRequest(
                            TlpKind.INTERRUPT,
                            DEVICE,
                            0,
                            Tlp.AddressType.UNTRANSLATED,
                            WINDOW,
                            4,
                            NONE,
                            Access.WRITE,
                            new byte[] {(byte) (poisoned ? 41 : 42), 0, 0, 0},
                            null,
                            poisoned));
        }
        machine.loop().run();

        assertThat(interrupts).containsExactly(42);
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldNotLetAPoisonedAtomicOpTouchMemory(String architecture) {
        PlatformParameters standard = PlatformParameters.standard();
        start(architecture.equals("vtd") ? Platform.vtd(standard) : Platform.smmuv3(standard));
        machine.memory().writeInt(PHYSICAL, 0x1234);
        function.link()
                .tap((tlp, up, at, wire) -> wire.deliver(tlp instanceof Tlp.MemoryRequest r ? poison(r) : tlp, at));

        function.requester()
                .atomic(
                        Tlp.AddressType.UNTRANSLATED,
                        0x4000,
                        Tlp.AtomicOp.SWAP,
                        new byte[] {1, 2, 3, 4},
                        NONE,
                        0,
                        (outcome, data) -> ended.add(outcome));
        machine.loop().run();

        assertThat(ended).containsExactly(Requester.Outcome.UR);
        assertThat(machine.memory().readInt(PHYSICAL)).isEqualTo(0x1234);
    }

    private static Tlp.MemoryRequest poison(Tlp.MemoryRequest r) {
        return new Tlp.MemoryRequest(
                r.kind(),
                r.requester(),
                r.tag(),
                r.type(),
                r.address(),
                r.bytes(),
                r.pasid(),
                r.access(),
                r.data(),
                r.atomic(),
                true);
    }
}
