// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.vfio.VfioMachine.BIND;
import static org.iommuemu.host.vfio.VfioMachine.UNBIND;
import static org.iommuemu.host.vfio.VfioMachine.bindStructure;

import java.nio.ByteBuffer;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.host.process.Process;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What BIND and UNBIND check, in which order: cases 1 to 7 of the corner cases. Both take the same structures. */
class BindChecksTest {
    static Stream<Arguments> makersAndRequests() {
        return VfioMachine.makers().flatMap(m -> Stream.of(Arguments.of(m, BIND), Arguments.of(m, UNBIND)));
    }

    private static VfioMachine machine(Maker maker) {
        VfioMachine vfio = new VfioMachine(maker);
        return vfio.with(IommuType.TYPE1V2, vfio.group(0x10));
    }

    /** What a call returns that must change nothing. */
    private static long refused(VfioMachine vfio, int request, UserBuffer argument) {
        String before = vfio.image();
        long returned = vfio.container.ioctl(vfio.caller, request, argument);
        assertThat(vfio.image()).isEqualTo(before);
        assertThat(vfio.container.bonds()).isZero();
        return returned;
    }

    private static long refused(VfioMachine vfio, int request, ByteBuffer structure) {
        return refused(vfio, request, UserBuffer.of(structure));
    }

    @ParameterizedTest
    @MethodSource("makersAndRequests")
    @DisplayName("Case 1")
    void shouldFaultBeforeItLooksAtAnything(Maker maker, int request) {
        try (VfioMachine vfio = machine(maker)) {
            ByteBuffer wrongInAllWays = bindStructure(0, 0xFFFF_FFFF, 0xFFFF_FFFF, -1);

            assertThat(refused(vfio, request, UserBuffer.NULL)).isEqualTo(-14);
            assertThat(refused(vfio, request, ByteBuffer.allocate(7))).isEqualTo(-14);
            assertThat(refused(vfio, request, wrongInAllWays.duplicate().limit(7)))
                    .isEqualTo(-14);
            assertThat(refused(vfio, request, wrongInAllWays)).isEqualTo(-22);
        }
    }

    @ParameterizedTest
    @MethodSource("makersAndRequests")
    @DisplayName("Case 1: the second part")
    void shouldFaultForTheProcessOnceTheHeadIsGood(Maker maker, int request) {
        try (VfioMachine vfio = machine(maker)) {
            ByteBuffer good = bindStructure(20, 1, 0, 0);
            ByteBuffer wrongFlags = bindStructure(20, 2, 0, 0);

            assertThat(refused(vfio, request, good.duplicate().limit(19))).isEqualTo(-14);
            assertThat(refused(vfio, request, good.duplicate().limit(8))).isEqualTo(-14);
            assertThat(refused(vfio, request, wrongFlags.duplicate().limit(8))).isEqualTo(-22);
        }
    }

    @ParameterizedTest
    @MethodSource("makersAndRequests")
    @DisplayName("Case 2")
    void shouldWantTwentyBytesAndTakeMore(Maker maker, int request) {
        try (VfioMachine vfio = machine(maker)) {
            int taken = request == BIND ? 0 : -3;
            String before = vfio.image();

            assertThat(LongStream.range(0, 20).map(n -> refused(vfio, request, bindStructure((int) n, 1, 0, 0))))
                    .containsOnly(-22L);
            assertThat(vfio.call(request, bindStructure(20, 1, 0, 0))).isEqualTo(taken);
            assertThat(vfio.call(request, bindStructure(4096, 1, 0, 0))).isEqualTo(taken);
            assertThat(vfio.call(request, bindStructure(-1, 1, 0, 0))).isEqualTo(taken == 0 ? 0 : -3);
            assertThat(vfio.container.bonds()).isEqualTo(request == BIND ? 1 : 0);
            assertThat(vfio.image().equals(before)).isEqualTo(request == UNBIND);
        }
    }

    @ParameterizedTest
    @MethodSource("makersAndRequests")
    @DisplayName("Case 3")
    void shouldTakeNoOtherOperation(Maker maker, int request) {
        try (VfioMachine vfio = machine(maker)) {
            for (int flags : new int[] {0, 2, 3, 5, 0x8000_0000, 0x8000_0001, -1}) {
                assertThat(refused(vfio, request, bindStructure(20, flags, 0, 0)))
                        .isEqualTo(-22);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("makersAndRequests")
    @DisplayName("Case 4")
    void shouldTakeNoOtherFlagOfTheProcess(Maker maker, int request) {
        try (VfioMachine vfio = machine(maker)) {
            for (int flags : new int[] {2, 3, 4, 0x8000_0000, -1}) {
                assertThat(refused(vfio, request, bindStructure(20, 1, flags, vfio.user.pid())))
                        .isEqualTo(-22);
                assertThat(refused(vfio, request, bindStructure(20, 1, flags, 9999)))
                        .isEqualTo(-22);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.iommuemu.host.vfio.VfioMachine#makers")
    @DisplayName("Case 5")
    void shouldBindTheCallerIfThePidIsNotMeant(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process other = vfio.process();
            ByteBuffer structure = bindStructure(20, 1, 0, other.pid());

            assertThat(vfio.call(BIND, structure)).isZero();

            assertThat(structure.getInt(8)).isZero();
            assertThat(structure.getInt(12)).isEqualTo(1);
            assertThat(structure.getInt(16)).isEqualTo(other.pid());
            assertThat(vfio.reaches(group, 1, vfio.user)).isTrue();
            assertThat(vfio.reaches(group, 1, other)).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("makersAndRequests")
    @DisplayName("Case 6: no such process, no memory")
    void shouldNotFindWhatHasNoMemory(Maker maker, int request) {
        try (VfioMachine vfio = machine(maker)) {
            Process thread = vfio.machine.processes.startThread();
            Process zombie = vfio.process();
            vfio.machine.processes.exit(zombie);

            for (int pid : new int[] {9999, 0, -1, Integer.MIN_VALUE, thread.pid(), zombie.pid()}) {
                assertThat(refused(vfio, request, bindStructure(20, 1, 1, pid))).isEqualTo(-3);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("makersAndRequests")
    @DisplayName("Case 6: the caller is a kernel thread")
    void shouldNotTakeAKernelThreadForItself(Maker maker, int request) {
        try (VfioMachine vfio = machine(maker)) {
            Caller thread = new Caller(vfio.machine.processes.startThread());
            String before = vfio.image();

            assertThat(vfio.call(thread, request, bindStructure(20, 1, 0, 0))).isEqualTo(-22);

            assertThat(vfio.image()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @MethodSource("makersAndRequests")
    @DisplayName("Case 6: no permission")
    void shouldKeepStrangersOut(Maker maker, int request) {
        try (VfioMachine vfio = machine(maker)) {
            Process root = vfio.machine.processes.start(Credentials.ROOT);
            Process shy = vfio.process();
            VfioMachine.memory(shy).dumpable(false);
            Process guarded = vfio.process();
            vfio.machine.processes.securityModule((caller, target) -> target != guarded);

            assertThat(refused(vfio, request, bindStructure(20, 1, 1, root.pid())))
                    .isEqualTo(-13);
            assertThat(refused(vfio, request, bindStructure(20, 1, 1, shy.pid())))
                    .isEqualTo(-13);
            assertThat(refused(vfio, request, bindStructure(20, 1, 1, guarded.pid())))
                    .isEqualTo(-1);
            ByteBuffer byRoot = bindStructure(20, 1, 1, shy.pid());
            assertThat(vfio.call(new Caller(root), request, byRoot)).isEqualTo(request == BIND ? 0 : -3);
        }
    }

    @ParameterizedTest
    @MethodSource("org.iommuemu.host.vfio.VfioMachine#makers")
    @DisplayName("Case 7")
    void shouldWantSomethingThatAnIommuTranslatesFor(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            ByteBuffer good = bindStructure(20, 1, 0, 0);
            assertThat(refused(vfio, BIND, good.duplicate())).isEqualTo(-22);
            vfio.with(IommuType.TYPE1V2, VfioGroup.mediated(vfio.machine.core, vfio.iommuGroup(0x10)));

            assertThat(refused(vfio, BIND, good)).isEqualTo(-22);
            assertThat(refused(vfio, UNBIND, good)).isEqualTo(-3);
            assertThat(refused(vfio, BIND, bindStructure(20, 1, 1, 9999))).isEqualTo(-3);
        }
    }

    @ParameterizedTest
    @MethodSource("org.iommuemu.host.vfio.VfioMachine#makers")
    void shouldNotKnowOtherRequests(Maker maker) {
        try (VfioMachine vfio = machine(maker)) {
            ByteBuffer good = bindStructure(20, 1, 0, 0);

            assertThat(refused(vfio, 0x3B00 + 124, good)).isEqualTo(-25);
            assertThat(refused(vfio, 122, good)).isEqualTo(-25);
            assertThat(refused(vfio, 0xC000_3B7A, good)).isEqualTo(-25);
        }
    }
}
