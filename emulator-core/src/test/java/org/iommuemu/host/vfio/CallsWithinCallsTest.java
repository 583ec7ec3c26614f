// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.Process;
import org.iommuemu.iommu.PageResponse;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What happens to a container while a call of it is under way, or a device has not answered yet. */
class CallsWithinCallsTest {
    private static final String MAKERS = "org.iommuemu.host.vfio.VfioMachine#makers";

    /** Does something at the first device step of the next call. */
    private static void within(VfioMachine vfio, Runnable action) {
        boolean[] done = new boolean[1];
        vfio.failures(step -> {
            if (step == Step.DEVICE && !done[0]) {
                done[0] = true;
                action.run();
            }
            return false;
        });
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldSendCallsAwayThatComeFromWithinAnother(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process other = vfio.process();
            List<Long> inner = new ArrayList<>();
            within(vfio, () -> {
                inner.add(vfio.bind(other));
                inner.add(vfio.unbind(other));
                inner.add(vfio.container
                        .mapDma(vfio.caller, VfioMachine.BUFFER, 0, 0x1000, 3)
                        .returned());
                inner.add(vfio.container.attachGroup(vfio.group(0x20)).returned());
            });

            assertThat(vfio.bind(vfio.user)).isEqualTo(1);

            assertThat(inner).containsExactly(-11L, -11L, -11L, -11L);
            assertThat(vfio.container.bonds()).isEqualTo(1);
            assertThat(vfio.container.mappings()).isZero();
            assertThat(vfio.container.groups()).containsExactly(group);
            assertThat(vfio.bind(other)).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldLetAGroupGoWhenTheCallIsOver(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = vfio.group(0x20);
            vfio.with(IommuType.TYPE1V2, a, b);
            within(vfio, () -> assertThat(vfio.container.detachGroup(b)).isEqualTo(Result.done()));

            assertThat(vfio.bind(vfio.user)).isEqualTo(1);

            assertThat(vfio.isRefused(b, 1)).isTrue();
            assertThat(vfio.hasSva(b)).isFalse();
            assertThat(vfio.machine.core.attached(vfio.device(b), VfioMachine.NONE))
                    .isNull();
            assertThat(vfio.reaches(a, 1, vfio.user)).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldEndBondsOfProcessesThatExitWhileADeviceIsWaitedFor(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process first = vfio.process();
            Process second = vfio.process();
            assertThat(vfio.bind(first)).isEqualTo(1);
            assertThat(vfio.bind(second)).isEqualTo(2);
            assertThat(vfio.bind(vfio.user)).isEqualTo(3);
            vfio.machine.devices.answerLater = true;
            vfio.machine.devices.later(0, () -> vfio.machine.processes.exit(second));

            assertThat(vfio.unbind(first)).isZero();
            vfio.machine.devices.run();

            assertThat(second.isAlive()).isFalse();
            assertThat(vfio.container.bonds()).isEqualTo(1);
            assertThat(vfio.isRefused(group, 1)).isTrue();
            assertThat(vfio.isRefused(group, 2)).isTrue();
            assertThat(vfio.reaches(group, 3, vfio.user)).isTrue();
            assertThat(vfio.machine.core.pasids().allocated()).isEqualTo(1);
            assertThat(vfio.machine.staleAccesses()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 30: the PASID is bound again")
    void shouldLeaveNoPageRequestUnansweredOrWithTheNextOwner(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process first = vfio.process();
            long fresh = VfioMachine.memory(first).map(0, 0x1000, 3).value();
            assertThat(vfio.bind(first)).isEqualTo(1);
            vfio.machine.askForPage(0x10, 1, fresh, 7);

            assertThat(vfio.unbind(first)).isZero();
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            vfio.machine.devices.run();

            assertThat(vfio.machine.devices.responses)
                    .extracting(PageResponse::group)
                    .containsExactly(7);
            assertThat(vfio.machine.devices.responses.get(0).code()).isEqualTo(PageResponse.Code.INVALID);
            assertThat(VfioMachine.memory(first).tables().physical(fresh)).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldMapAndBindAtOnce(Maker maker) {
        for (IommuType type : IommuType.values()) {
            try (VfioMachine vfio = new VfioMachine(maker)) {
                if (type == IommuType.NESTING && vfio.machine.isSmmu()) {
                    continue;
                }
                VfioGroup group = vfio.group(0x10);
                vfio.with(type, group);
                assertThat(vfio.container.mapDma(vfio.caller, VfioMachine.BUFFER, 0x10_0000, 0x2000, 3))
                        .isEqualTo(Result.done());
                Process process = vfio.process();

                assertThat(vfio.bind(process)).isEqualTo(1);

                long mapped = VfioMachine.memory(vfio.user).tables().physical(VfioMachine.BUFFER);
                assertThat(vfio.machine.read(0x10, VfioMachine.NONE, 0x10_0000)).isEqualTo(mapped);
                assertThat(vfio.reaches(group, 1, process)).isTrue();
                assertThat(vfio.machine.read(0x10, 1, 0x10_0000)).isEqualTo(-1);
                assertThat(vfio.container
                                .unmapDma(vfio.caller, 0x10_0000, 0x2000)
                                .value())
                        .isEqualTo(0x2000);
                assertThat(vfio.machine.read(0x10, VfioMachine.NONE, 0x10_0000)).isEqualTo(-1);
                assertThat(vfio.reaches(group, 1, process)).isTrue();
            }
        }
    }
}
