// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Register;
import org.iommuemu.pcie.spec.AtsCapability;
import org.iommuemu.pcie.spec.PriCapability;
import org.iommuemu.time.EventLoop;
import org.junit.jupiter.api.Test;

/** How ATS, PRI and PASID are switched on and off (PCIe Base Specification §10.5, §7.8.9). */
class CapabilityRulesTest {
    private final EventLoop loop = new EventLoop();
    private final PciFunction function =
            new PciDevice(loop, TestFunctions.link(loop)).addFunction(0, TestFunctions.description());
    private final ConfigSpace config = function.config();
    private final FunctionControls controls = function.controls();
    private final Register atsControl = TestFunctions.row(config, "ATS Control");
    private final Register priControl = TestFunctions.row(config, "Page Request Control");
    private final Register priStatus = TestFunctions.row(config, "Page Request Status");
    private final Register allocation = TestFunctions.row(config, "Outstanding Page Request Allocation");
    private final Register pasidControl = TestFunctions.row(config, "PASID Control");

    @Test
    void shouldTakeTheUnitWithEnableAndKeepItWhileEnabled() {
        config.write(atsControl, AtsCapability.ENABLE.mask() | AtsCapability.STU.of(3));
        config.write(atsControl, AtsCapability.ENABLE.mask() | AtsCapability.STU.of(5));

        assertThat(controls.smallestTranslationUnit()).isEqualTo(3);
        config.write(atsControl, AtsCapability.STU.of(5));
        assertThat(controls.isAts()).isFalse();
        assertThat(controls.smallestTranslationUnit()).isEqualTo(5);
    }

    @Test
    void shouldTellOfEachChangeOfAts() {
        List<Boolean> seen = new ArrayList<>();
        controls.onAts(seen::add);

        function.enableAts(0).enableAts(0).disableAts().enableAts(1);

        assertThat(seen).containsExactly(true, false, true);
    }

    @Test
    void shouldLockPasidWhileAtsIsEnabled() {
        function.enablePasid(true, false).enableAts(0);

        config.write(pasidControl, 0);
        assertThat(controls.isPasid()).isTrue();
        config.write(pasidControl, 7);
        assertThat(controls.isPrivileged()).isFalse();

        function.disableAts().disablePasid();
        assertThat(controls.isPasid()).isFalse();
        assertThat(controls.isExecute()).isFalse();
    }

    @Test
    void shouldOnlyEnableWhatPasidSupports() {
        FunctionDescription d = new FunctionDescription(1, 5, true, 8, true, 16, false, 8, false, true, 32, 1_000_000);
        PciFunction plain = new PciDevice(loop, TestFunctions.link(loop)).addFunction(0, d);

        plain.enablePasid(true, true);

        assertThat(plain.controls().isExecute()).isFalse();
        assertThat(plain.controls().isPrivileged()).isTrue();
        assertThat(plain.config().read(0x104, 4))
                .as("ATS: depth 8, aligned, global")
                .isEqualTo(0x68);
    }

    @Test
    void shouldClearStatusWhenPriIsEnabled() {
        PageRequestControl pri = controls.pageRequests();
        pri.responseFailure();
        pri.unexpectedGroup();
        assertThat(config.get(priStatus)).isEqualTo(0x8103);

        function.enablePri(32);

        assertThat(config.get(priStatus)).isEqualTo(0x8000);
        assertThat(controls.pageRequestAllocation()).isEqualTo(32);
        assertThat(controls.isPri()).isTrue();
    }

    @Test
    void shouldClearFailuresByWritingOnes() {
        controls.pageRequests().responseFailure();
        controls.pageRequests().unexpectedGroup();

        config.write(priStatus, 1);

        assertThat(config.get(priStatus)).isEqualTo(0x8102);
    }

    @Test
    void shouldSendNoMoreAfterAResponseFailureUntilEnabledAnew() {
        function.enablePri(8);
        controls.pageRequests().responseFailure();

        config.write(priStatus, 1);
        config.write(priControl, 1);
        assertThat(controls.isPri()).as("Enable was set all the time").isFalse();

        function.disablePri().enablePri(8);
        assertThat(controls.isPri()).isTrue();
    }

    @Test
    void shouldBeStoppedOnlyWhenNothingIsOutstanding() {
        boolean[] outstanding = {true};
        List<String> seen = new ArrayList<>();
        controls.pageRequests().connect(new Recorder(seen, outstanding));
        function.enablePri(8).disablePri();
        assertThat(config.get(priStatus) & PriCapability.STOPPED.mask()).isZero();

        config.write(priControl, 1);
        assertThat(controls.isPri()).as("still stopping").isFalse();
        controls.pageRequests().stopped();
        assertThat(config.get(priStatus) & PriCapability.STOPPED.mask()).isNotZero();
        config.write(priControl, 1);

        assertThat(controls.isPri()).isTrue();
        assertThat(seen).containsExactly("enabled", "disabled", "enabled");
    }

    @Test
    void shouldResetPriOnlyWhileNotEnabled() {
        List<String> seen = new ArrayList<>();
        controls.pageRequests().connect(new Recorder(seen, new boolean[] {true}));
        function.enablePri(8);

        config.write(priControl, 3);
        assertThat(seen).containsExactly("enabled");
        config.write(priControl, 2);

        assertThat(seen).containsExactly("enabled", "disabled", "reset");
        assertThat(config.get(priControl)).isZero();
        assertThat(config.get(priStatus) & PriCapability.STOPPED.mask()).isNotZero();
    }

    @Test
    void shouldKeepAllocationWithinCapacityAndFixedWhileEnabled() {
        config.write(allocation, 1000);
        assertThat(config.get(allocation)).isEqualTo(256);
        config.write(allocation, -1);
        assertThat(config.get(allocation)).isEqualTo(256);
        function.enablePri(16);

        config.write(allocation, 32);

        assertThat(config.get(allocation)).isEqualTo(16);
    }

    @Test
    void shouldBeConfiguredAnewAfterFunctionLevelReset() {
        int[] resets = {0};
        function.onReset(() -> resets[0]++);
        function.configureSizes().enableBusMaster().enableMemory();
        function.enablePasid(true, true).enableAts(2).enablePri(16).vector(0, 0x1000, 1);

        Register deviceControl = TestFunctions.row(config, "Device Control");
        config.write(deviceControl, config.get(deviceControl) | 0x8000);

        assertThat(resets[0]).isOne();
        assertThat(controls.isBusMaster() || controls.isMemorySpace() || controls.isAts())
                .isFalse();
        assertThat(controls.isPri() || controls.isPasid()).isFalse();
        assertThat(config.get(deviceControl)).as("Max_Payload_Size stays").isEqualTo(0x2930);
        assertThat(function.frame(5).readRegister(0, 8)).isZero();
        assertThat(function.frame(5).readRegister(12, 4)).as("masked").isOne();
    }

    private record Recorder(List<String> seen, boolean[] outstanding) implements PageRequestControl.Interface {
        @Override
        public void enabled() {
            seen.add("enabled");
        }

        @Override
        public boolean disabled() {
            seen.add("disabled");
            return outstanding[0];
        }

        @Override
        public void reset() {
            seen.add("reset");
        }
    }
}
