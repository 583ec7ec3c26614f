// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.vfio.VfioMachine.BIND;
import static org.iommuemu.host.vfio.VfioMachine.bindStructure;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.Process;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What BIND does, and undoes: cases 8 to 13 of the corner cases. */
class BindProcessTest {
    private static final String MAKERS = "org.iommuemu.host.vfio.VfioMachine#makers";

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldGiveAllDevicesOfTheContainerTheProcess(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = vfio.group(0x20);
            vfio.with(IommuType.TYPE1V2, a, b);
            Process first = vfio.process();
            Process second = vfio.process();
            String before = vfio.image();

            assertThat(vfio.bind(first)).isEqualTo(1);
            assertThat(vfio.bind(second)).isEqualTo(2);

            for (VfioGroup g : new VfioGroup[] {a, b}) {
                assertThat(vfio.reaches(g, 1, first)).isTrue();
                assertThat(vfio.reaches(g, 2, second)).isTrue();
                assertThat(vfio.isRefused(g, 3)).isTrue();
                assertThat(vfio.isRefused(g, VfioMachine.NONE)).isTrue();
            }
            assertThat(vfio.image()).isNotEqualTo(before);
            assertThat(vfio.container.domains()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 8")
    void shouldBindOnceHoweverOften(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process process = vfio.process();
            assertThat(vfio.bind(process)).isEqualTo(1);
            String bound = vfio.image();

            assertThat(vfio.bind(process)).isEqualTo(1);

            assertThat(vfio.image()).isEqualTo(bound);
            assertThat(vfio.container.bonds()).isEqualTo(1);
            assertThat(vfio.unbind(process)).isZero();
            assertThat(vfio.isRefused(group, 1)).isTrue();
            assertThat(vfio.unbind(process)).isEqualTo(-3);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 9")
    void shouldUndoABindThatItCannotTellOf(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process process = vfio.process();
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            assertThat(vfio.unbind(vfio.user)).isZero();
            String before = vfio.image();
            ByteBuffer structure = bindStructure(20, 1, 1, process.pid());

            assertThat(vfio.call(BIND, structure.asReadOnlyBuffer())).isEqualTo(-14);

            assertThat(vfio.image()).isEqualTo(before);
            assertThat(vfio.container.bonds()).isZero();
            assertThat(vfio.isRefused(group, 1)).isTrue();
            assertThat(vfio.unbind(process)).isEqualTo(-3);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 9: bound already")
    void shouldKeepABondThatItCannotTellOfAgain(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process process = vfio.process();
            assertThat(vfio.bind(process)).isEqualTo(1);
            String bound = vfio.image();
            ByteBuffer structure = bindStructure(20, 1, 1, process.pid());

            assertThat(vfio.call(BIND, structure.asReadOnlyBuffer())).isEqualTo(-14);

            assertThat(vfio.image()).isEqualTo(bound);
            assertThat(vfio.reaches(group, 1, process)).isTrue();
            assertThat(vfio.container.bonds()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 10")
    void shouldNotBindGroupsOfTwoDevices(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup two = vfio.group(0x10, 0x11);
            vfio.with(IommuType.TYPE1V2, two);
            String before = vfio.image();
            AtomicInteger steps = new AtomicInteger();
            vfio.failures(step -> {
                steps.addAndGet(step == Step.DEVICE ? 1 : 0);
                return false;
            });

            assertThat(vfio.bind(vfio.user)).isEqualTo(-22);

            // Both were enabled, and the first was attached.
            assertThat(steps).hasValueGreaterThan(2);
            assertThat(vfio.image()).isEqualTo(before);
            assertThat(vfio.hasSva(two)).isFalse();
            assertThat(vfio.isRefused(two, 1)).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 11")
    void shouldUndoAllGroupsButNotWhatEnabledThem(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = vfio.group(0x20);
            VfioGroup c = vfio.group(0x30);
            vfio.with(IommuType.TYPE1V2, a, b, c);
            vfio.machine.function(vfio.device(c)).hasPageRequests = false;
            String before = vfio.image();

            assertThat(vfio.bind(vfio.user)).isEqualTo(-19);

            assertThat(vfio.hasSva(a)).isTrue();
            assertThat(vfio.hasSva(b)).isTrue();
            assertThat(vfio.hasSva(c)).isFalse();
            assertThat(vfio.container.bonds()).isZero();
            vfio.machine.core.disableSva(vfio.device(a));
            vfio.machine.core.disableSva(vfio.device(b));
            assertThat(vfio.image()).isEqualTo(before);
            assertThat(vfio.isRefused(a, 1)).isTrue();
            assertThat(vfio.isRefused(b, 1)).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 12")
    void shouldChangeNothingWithoutMemoryForTheBond(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            String before = vfio.image();
            FailurePlan.Counting plan = FailurePlan.nth(1);
            vfio.failures(step -> step == Step.ALLOCATION && plan.fails(step));

            assertThat(vfio.bind(vfio.user)).isEqualTo(-12);

            assertThat(vfio.image()).isEqualTo(before);
            assertThat(vfio.hasSva(group)).isFalse();
            assertThat(vfio.container.bonds()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 13")
    void shouldSayWhatEnablingADeviceFailedWith(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            String before = vfio.image();

            vfio.machine.function(vfio.device(group)).pasids = 0;
            assertThat(vfio.bind(vfio.user)).isEqualTo(-19);
            vfio.machine.function(vfio.device(group)).pasids = 1 << 16;
            vfio.machine.function(vfio.device(group)).hasPageRequests = false;
            assertThat(vfio.bind(vfio.user)).isEqualTo(-19);
            vfio.machine.function(vfio.device(group)).hasPageRequests = true;
            vfio.machine.function(vfio.device(group)).hasAts = false;
            assertThat(vfio.bind(vfio.user)).isEqualTo(-19);

            assertThat(vfio.image()).isEqualTo(before);
            vfio.machine.function(vfio.device(group)).hasAts = true;
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 13: shut down what was enabled before")
    void shouldShutDownDevicesThatWereEnabledBeforeTheOneThatFails(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup two = vfio.group(0x10, 0x11);
            vfio.with(IommuType.TYPE1V2, two);
            vfio.machine.function(two.devices().get(1).device()).hasAts = false;
            String before = vfio.image();

            assertThat(vfio.bind(vfio.user)).isEqualTo(-19);

            assertThat(vfio.image()).isEqualTo(before);
            assertThat(vfio.hasSva(two)).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldLetSvaBeWhenALaterBindFails(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process second = vfio.process();
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            String before = vfio.image();
            vfio.failures(step -> step == Step.DEVICE);

            assertThat(vfio.bind(second)).isEqualTo(-5);

            assertThat(vfio.image()).isEqualTo(before);
            assertThat(vfio.hasSva(group)).isTrue();
            assertThat(vfio.reaches(group, 1, vfio.user)).isTrue();
            assertThat(vfio.isRefused(group, 2)).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldGiveADeviceNoPasidThatItCannotSend(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup wide = vfio.group(0x10);
            VfioGroup narrow = vfio.group(0x20);
            vfio.with(IommuType.TYPE1V2, wide, narrow);
            vfio.machine.function(vfio.device(narrow)).pasids = 2;
            assertThat(vfio.bind(vfio.process())).isEqualTo(1);
            String before = vfio.image();

            assertThat(vfio.bind(vfio.user)).isEqualTo(-22);

            assertThat(vfio.image()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldBringPagesInThatDevicesAskFor(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process process = vfio.process();
            long fresh = VfioMachine.memory(process).map(0, 0x1000, 3).value();
            assertThat(vfio.bind(process)).isEqualTo(1);
            assertThat(vfio.machine.prefetch(0x10, 1, fresh)).isFalse();

            vfio.machine.askForPage(0x10, 1, fresh, 7);
            vfio.machine.devices.run();

            assertThat(vfio.machine.prefetch(0x10, 1, fresh)).isTrue();
            assertThat(vfio.machine.isCachedByDevice(0x10, 1, fresh)).isTrue();
            assertThat(vfio.unbind(process)).isZero();
            assertThat(vfio.machine.isCachedByDevice(0x10, 1, fresh)).isFalse();
        }
    }

    @Test
    void shouldBindNoMoreProcessesThanAnSmmuHasAsids() {
        try (VfioMachine vfio = new VfioMachine(new Maker("SMMUv3", ControlledMachine::smmuv3))) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process first = vfio.process();
            assertThat(vfio.bind(first)).isEqualTo(1);
            while (vfio.machine.driver.hasRoomToShare()) {
                vfio.machine.driver.share(VfioMachine.memory(first).tables());
            }
            String before = vfio.image();

            assertThat(vfio.bind(vfio.user)).isEqualTo(-28);

            assertThat(vfio.image()).isEqualTo(before);
            assertThat(vfio.container.bonds()).isEqualTo(1);
            assertThat(vfio.unbind(first)).isZero();
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            assertThat(vfio.reaches(group, 1, vfio.user)).isTrue();
        }
    }
}
