// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.vfio.VfioMachine.BIND;
import static org.iommuemu.host.vfio.VfioMachine.UNBIND;
import static org.iommuemu.host.vfio.VfioMachine.bindStructure;

import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.host.process.Process;
import org.iommuemu.host.process.ProcessTable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which bond UNBIND takes away, whoever it names: processes that are gone, whose pid was given again, children, threads. */
class UnbindProcessTest {
    private static final String MAKERS = "org.iommuemu.host.vfio.VfioMachine#makers";

    private static Caller as(Process process) {
        return new Caller(process);
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldLeaveNothingOfTheProcess(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = vfio.group(0x20);
            vfio.with(IommuType.TYPE1V2, a, b);
            Process process = vfio.process();
            String before = vfio.image();
            assertThat(vfio.bind(process)).isEqualTo(1);
            assertThat(vfio.reaches(a, 1, process)).isTrue();
            assertThat(vfio.reaches(b, 1, process)).isTrue();

            assertThat(vfio.unbind(process)).isZero();

            vfio.machine.core.disableSva(vfio.device(a));
            vfio.machine.core.disableSva(vfio.device(b));
            assertThat(vfio.image()).isEqualTo(before);
            assertThat(vfio.isRefused(a, 1)).isTrue();
            assertThat(vfio.isRefused(b, 1)).isTrue();
            assertThat(vfio.machine.staleAccesses()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 14: unknown")
    void shouldNotFindWhatIsNotBound(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process other = vfio.process();
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            String before = vfio.image();

            assertThat(vfio.unbind(other)).isEqualTo(-3);

            assertThat(vfio.image()).isEqualTo(before);
            assertThat(vfio.reaches(group, 1, vfio.user)).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 14: after exit")
    void shouldNotFindWhatHasExited(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process process = vfio.process();
            assertThat(vfio.bind(process)).isEqualTo(1);

            vfio.machine.processes.exit(process);

            assertThat(vfio.unbind(process)).isEqualTo(-3);
            vfio.machine.processes.reap(process);
            assertThat(vfio.unbind(process)).isEqualTo(-3);
            assertThat(vfio.container.bonds()).isZero();
            assertThat(vfio.isRefused(group, 1)).isTrue();
        }
    }

    /** A process with the pid, and the PASID, of one that has exited. */
    private static Process recycled(VfioMachine vfio, Credentials credentials) {
        ProcessTable processes = vfio.machine.processes;
        Process old = vfio.process();
        assertThat(vfio.bind(old)).isPositive();
        processes.exit(old);
        processes.reap(old);
        Process now = processes.start(credentials);
        vfio.fill(now);
        assertThat(now.pid()).isEqualTo(old.pid());
        return now;
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 14: pid recycled")
    void shouldLookForTheProcessThatHasThePidNow(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process now = recycled(vfio, Credentials.user(1000));
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);

            assertThat(vfio.unbind(now)).isEqualTo(-3);
            assertThat(vfio.reaches(group, 1, vfio.user)).isTrue();

            assertThat(vfio.bind(now)).isEqualTo(2);
            assertThat(vfio.unbind(now)).isZero();
            assertThat(vfio.isRefused(group, 2)).isTrue();
            assertThat(vfio.reaches(group, 1, vfio.user)).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 14: pid recycled by a stranger")
    void shouldNotUnbindAStranger(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process stranger = recycled(vfio, Credentials.user(2000));
            assertThat(vfio.call(as(stranger), BIND, bindStructure(20, 1, 0, 0)))
                    .isZero();

            assertThat(vfio.unbind(stranger)).isEqualTo(-13);

            assertThat(vfio.reaches(group, 1, stranger)).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldNotTakeTheCallerForWhomItHasBound(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process process = vfio.process();
            assertThat(vfio.bind(process)).isEqualTo(1);

            assertThat(vfio.call(UNBIND, bindStructure(20, 1, 0, process.pid())))
                    .isEqualTo(-3);

            assertThat(vfio.reaches(group, 1, process)).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldUnbindTheCallerByItsPid(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            assertThat(vfio.call(BIND, bindStructure(20, 1, 0, 0))).isZero();

            assertThat(vfio.unbind(vfio.user)).isZero();

            assertThat(vfio.isRefused(group, 1)).isTrue();
            assertThat(vfio.unbind(vfio.user)).isEqualTo(-3);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldNotTakeAChildForItsParent(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            vfio.with(IommuType.TYPE1V2, vfio.group(0x10));
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            Process child = vfio.machine.processes.fork(vfio.user).value();

            assertThat(vfio.call(as(child), UNBIND, bindStructure(20, 1, 0, 0))).isEqualTo(-3);

            // Copied on write by now: it may be read.
            assertThat(vfio.machine.read(0x10, 1, VfioMachine.BUFFER))
                    .isEqualTo(VfioMachine.memory(vfio.user).tables().physical(VfioMachine.BUFFER));
            assertThat(vfio.call(as(child), UNBIND, bindStructure(20, 1, 1, vfio.user.pid())))
                    .isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldTakeThreadsForOne(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process thread = vfio.machine.processes.startThread(vfio.user).value();
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);

            assertThat(vfio.bind(thread)).isEqualTo(1);
            assertThat(vfio.container.bonds()).isEqualTo(1);
            assertThat(vfio.call(as(thread), UNBIND, bindStructure(20, 1, 0, 0)))
                    .isZero();

            assertThat(vfio.isRefused(group, 1)).isTrue();
            assertThat(vfio.unbind(vfio.user)).isEqualTo(-3);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldWriteNothingBackAndAskNothingThatCanFail(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            vfio.failures(step -> step != Step.COPY_IN);

            assertThat(vfio.call(UNBIND, bindStructure(20, 1, 0, 0).asReadOnlyBuffer()))
                    .isZero();

            assertThat(vfio.isRefused(group, 1)).isTrue();
        }
    }
}
