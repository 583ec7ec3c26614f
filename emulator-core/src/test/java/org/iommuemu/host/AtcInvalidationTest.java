// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.DrivenMachine.Setup;
import org.iommuemu.iommu.AtcInvalidation;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a driver takes away it takes out of ATCs too, and a device that does not answer may not use ATS any more. */
class AtcInvalidationTest {
    private static final String ALL = "org.iommuemu.host.DrivenMachine$Setup#all";
    private static final String WITH_PASIDS = "org.iommuemu.host.DrivenMachine$Setup#withPasids";
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;
    private static final long PAGE = 0x1000;
    private static final long PHYSICAL = 0x800_0000_0000L;
    private static final int NONE = IommuDriver.NO_PASID;

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldNotTranslateForAtcsUnlessTheyAreEnabled(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            driver.map(1, NONE, 0, PHYSICAL, PAGE, 12, READ_WRITE);
            assertThat(machine.grants(1, NONE, 0)).isFalse();
            assertThat(machine.forwards(1, PHYSICAL)).isFalse();

            driver.enableAts(1);
            assertThat(machine.grants(1, NONE, 0)).isTrue();
            assertThat(machine.forwards(1, PHYSICAL)).isTrue();

            driver.disableAts(1);
            assertThat(machine.grants(1, NONE, 0)).isFalse();
            assertThat(machine.forwards(1, PHYSICAL)).isFalse();
            driver.unmap(1, NONE, 0, PAGE, 12);
            assertThat(machine.devices().invalidations).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldInvalidateTheAtcBehindTheIotlbAndWait(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            ScriptedDevices devices = machine.devices();
            devices.answer = ScriptedDevices.Answer.LATER;
            driver.enableAts(1);
            driver.map(1, NONE, 0x3000, PHYSICAL, 5 * PAGE, 12, READ_WRITE);
            machine.consumed().clear();

            driver.unmap(1, NONE, 0x3000, 5 * PAGE, 12);

            // Pages 3 to 7 are within the eight from 0 on.
            assertThat(devices.invalidations).hasSize(1);
            AtcInvalidation sent = devices.invalidations.get(0);
            assertThat(sent.streamId()).isEqualTo(1);
            assertThat(sent.substreamId()).isEqualTo(NONE);
            assertThat(sent.address()).isZero();
            assertThat(sent.log2Bytes()).isEqualTo(15);
            assertThat(devices.pending).isEmpty();
            assertThat(machine.consumed())
                    .isEqualTo(
                            switch (setup.architecture()) {
                                case SMMUV3, SMMUV3_LINUX_6_12 ->
                                    List.of(
                                            setup.stages() == StageLayout.STAGE_2 ? "TLBI_S2_IPA" : "TLBI_NH_VA",
                                            "SYNC",
                                            "ATC_INV",
                                            "SYNC");
                                default ->
                                    List.of(
                                            setup.stages() == StageLayout.STAGE_2 ? "IOTLB" : "PASID_IOTLB",
                                            "DEVICE_TLB",
                                            "WAIT");
                            });
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldInvalidateThePasidAlone(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            driver.enableAts(1);
            driver.map(1, 5, 0x1000, PHYSICAL, PAGE, 12, READ_WRITE);

            driver.unmap(1, 5, 0x1000, PAGE, 12);
            driver.invalidate(1, 5, 0, 0);

            List<AtcInvalidation> sent = machine.devices().invalidations;
            assertThat(sent).extracting(AtcInvalidation::substreamId).containsExactly(5, 5);
            assertThat(sent).extracting(AtcInvalidation::address).containsExactly(0x1000L, 0L);
            assertThat(sent).extracting(AtcInvalidation::log2Bytes).containsExactly(12, 64);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldTakeAtsFromADeviceThatDoesNotAnswer(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            List<Integer> silent = new ArrayList<>();
            driver.onSilence(silent::add);
            driver.enableAts(1);
            driver.enableAts(2);
            driver.map(1, NONE, 0, PHYSICAL, 4 * PAGE, 12, READ_WRITE);
            driver.map(2, NONE, 0, PHYSICAL, 4 * PAGE, 12, READ_WRITE);
            assertThat(machine.grants(1, NONE, 0)).isTrue();
            machine.devices().answer = ScriptedDevices.Answer.NEVER;

            driver.unmap(1, NONE, 0, PAGE, 12);

            assertThat(silent).containsExactly(1);
            assertThat(machine.read(1, NONE, 0)).isEqualTo(-1);
            assertThat(machine.grants(1, NONE, PAGE)).isFalse();
            assertThat(machine.forwards(1, PHYSICAL)).isFalse();
            assertThat(machine.read(1, NONE, PAGE)).isEqualTo(PHYSICAL + PAGE);
            assertThat(machine.forwards(2, PHYSICAL)).isTrue();
            machine.devices().answer = ScriptedDevices.Answer.AT_ONCE;
            driver.unmap(1, NONE, PAGE, PAGE, 12);
            driver.unmap(2, NONE, PAGE, PAGE, 12);
            assertThat(machine.read(1, NONE, PAGE)).isEqualTo(-1);
            assertThat(machine.devices().invalidations)
                    .extracting(AtcInvalidation::streamId)
                    .containsExactly(1, 2);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldTrustADeviceAgainWhenAtsIsEnabledAnew(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            driver.enableAts(1);
            driver.map(1, NONE, 0, PHYSICAL, 4 * PAGE, 12, READ_WRITE);
            machine.devices().answer = ScriptedDevices.Answer.NEVER;
            driver.unmap(1, NONE, 0, PAGE, 12);
            machine.devices().answer = ScriptedDevices.Answer.LATER;

            driver.enableAts(1);
            driver.unmap(1, NONE, PAGE, PAGE, 12);

            assertThat(machine.devices().invalidations).hasSize(2);
            assertThat(machine.grants(1, NONE, 2 * PAGE)).isTrue();
        }
    }

    /** While one device's answer is awaited, a handler unmaps for another, and for the same. */
    @ParameterizedTest
    @MethodSource(ALL)
    void shouldBeCalledFromWithinAWait(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            ScriptedDevices devices = machine.devices();
            List<Integer> silent = new ArrayList<>();
            driver.onSilence(silent::add);
            for (int stream = 1; stream <= 2; stream++) {
                driver.enableAts(stream);
                driver.map(stream, NONE, 0, PHYSICAL, 4 * PAGE, 12, READ_WRITE);
            }
            devices.answer = ScriptedDevices.Answer.NEVER;
            devices.pending.add(() -> {
                devices.answer = ScriptedDevices.Answer.LATER;
                driver.unmap(2, NONE, 0, PAGE, 12);
                driver.unmap(1, NONE, PAGE, PAGE, 12);
                assertThat(machine.read(1, NONE, PAGE)).isEqualTo(-1);
            });

            driver.unmap(1, NONE, 0, PAGE, 12);

            assertThat(silent).containsExactly(1);
            assertThat(machine.forwards(1, PHYSICAL)).isFalse();
            assertThat(machine.forwards(2, PHYSICAL)).isTrue();
            assertThat(machine.read(2, NONE, 0)).isEqualTo(-1);
            assertThat(machine.read(2, NONE, PAGE)).isEqualTo(PHYSICAL + PAGE);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldOutliveThousandsOfInvalidations(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            machine.devices().answer = ScriptedDevices.Answer.LATER;
            driver.enableAts(1);

            for (int i = 0; i < 2000; i++) {
                driver.map(1, NONE, 0, PHYSICAL + i * PAGE, PAGE, 12, READ_WRITE);
                assertThat(machine.read(1, NONE, 0)).isEqualTo(PHYSICAL + i * PAGE);
                driver.unmap(1, NONE, 0, PAGE, 12);
            }

            assertThat(machine.devices().invalidations).hasSize(2000);
            assertThat(machine.stale().staleAccesses()).isZero();
        }
    }
}
