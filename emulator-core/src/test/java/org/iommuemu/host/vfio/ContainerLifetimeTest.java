// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Process;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** How long a container lives, by its files: case 20 of the corner cases. */
class ContainerLifetimeTest {
    private static final String MAKERS = "org.iommuemu.host.vfio.VfioMachine#makers";
    private static final int CONTAINER = 0;
    private static final int GROUP = 1;
    private static final int DEVICE = 2;

    private static UserBuffer number(int n) {
        return UserBuffer.of(
                ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(n).rewind());
    }

    private static UserBuffer name(String name) {
        return UserBuffer.of(ByteBuffer.wrap((name + "\0").getBytes(StandardCharsets.US_ASCII)));
    }

    private static long ioctl(Process by, int fd, int request, UserBuffer argument) {
        return by.files().get(fd).value().ioctl(new Caller(by), request, argument);
    }

    /** Does all that a program does, by file descriptors: 0 the container, 1 the group, 2 the device. */
    private static VfioGroup open(VfioMachine vfio) {
        VfioGroup group = vfio.group(0x10);
        Process user = vfio.user;
        user.files().open(vfio.container);
        user.files().open(group.open().value());
        assertThat(ioctl(user, GROUP, 0x3B68, number(CONTAINER))).isZero();
        assertThat(ioctl(user, CONTAINER, 0x3B66, UserBuffer.ofNumber(3))).isZero();
        assertThat(ioctl(user, GROUP, 0x3B6A, name("0000:00:02.0"))).isEqualTo(DEVICE);
        assertThat(vfio.bind(user)).isEqualTo(1);
        assertThat(vfio.reaches(group, 1, user)).isTrue();
        return group;
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 20: files are closed in any order")
    void shouldCleanUpInWhateverOrderFilesAreClosed(Maker maker) {
        for (List<Integer> order : List.of(
                List.of(CONTAINER, GROUP, DEVICE),
                List.of(CONTAINER, DEVICE, GROUP),
                List.of(GROUP, CONTAINER, DEVICE),
                List.of(GROUP, DEVICE, CONTAINER),
                List.of(DEVICE, CONTAINER, GROUP),
                List.of(DEVICE, GROUP, CONTAINER))) {
            try (VfioMachine vfio = new VfioMachine(maker)) {
                vfio.machine.device(0x10);
                String before = vfio.machine.tables();
                VfioGroup group = open(vfio);

                vfio.user.files().close(order.get(0));
                assertThat(vfio.reaches(group, 1, vfio.user)).isTrue();
                vfio.user.files().close(order.get(1));
                assertThat(vfio.reaches(group, 1, vfio.user)).isEqualTo(order.get(2) != CONTAINER);
                vfio.user.files().close(order.get(2));

                assertThat(vfio.machine.tables()).isEqualTo(before);
                assertThat(vfio.isRefused(group, 1)).isTrue();
                assertThat(vfio.container.bonds()).isZero();
                assertThat(group.container()).isNull();
            }
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 20: exit")
    void shouldCleanUpWhenTheUserExits(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            vfio.machine.device(0x10);
            int frames = vfio.machine.frames.inUse();
            String before = vfio.machine.tables();
            VfioGroup group = open(vfio);
            Process other = vfio.process();
            assertThat(vfio.bind(other)).isEqualTo(2);

            vfio.machine.processes.exit(vfio.user);

            assertThat(vfio.isRefused(group, 1)).isTrue();
            assertThat(vfio.isRefused(group, 2)).isTrue();
            // The one has exited, the other has not: as many frames as before.
            assertThat(vfio.machine.frames.inUse()).isEqualTo(frames);
            assertThat(vfio.machine.tables()).isEqualTo(before);
            assertThat(vfio.container.bonds()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 20: fork")
    void shouldLetAChildUseWhatItInherits(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = open(vfio);
            Process child = vfio.machine.processes.fork(vfio.user).value();
            long parents = VfioMachine.memory(vfio.user).tables().physical(VfioMachine.BUFFER);

            for (int fd : new int[] {CONTAINER, GROUP, DEVICE}) {
                vfio.user.files().close(fd);
            }

            assertThat(child.files().size()).isEqualTo(3);
            assertThat(vfio.machine.read(0x10, 1, VfioMachine.BUFFER)).isEqualTo(parents);
            assertThat(ioctl(child, CONTAINER, 0x3B7A, UserBuffer.of(VfioMachine.bindStructure(20, 1, 0, 0))))
                    .isZero();
            assertThat(vfio.machine.read(0x10, 2, VfioMachine.BUFFER)).isEqualTo(parents);
            vfio.machine.processes.exit(child);
            assertThat(vfio.isRefused(group, 1)).isTrue();
            assertThat(vfio.container.bonds()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 20: exec")
    void shouldCloseFilesOnExec(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = open(vfio);
            Process other = vfio.process();
            assertThat(vfio.bind(other)).isEqualTo(2);

            assertThat(vfio.machine.processes.exec(vfio.user).isOk()).isTrue();

            assertThat(vfio.user.files().size()).isZero();
            assertThat(vfio.isRefused(group, 1)).isTrue();
            assertThat(vfio.isRefused(group, 2)).isTrue();
            assertThat(group.container()).isNull();
            assertThat(group.open().isOk()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 20: exec of a child")
    void shouldKeepTheParentsFilesWhenAChildCallsExec(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = open(vfio);
            Process child = vfio.machine.processes.fork(vfio.user).value();

            assertThat(vfio.machine.processes.exec(child).isOk()).isTrue();

            assertThat(child.files().size()).isZero();
            assertThat(vfio.container.bonds()).isEqualTo(1);
            assertThat(vfio.machine.read(0x10, 1, VfioMachine.BUFFER)).isPositive();
            assertThat(group.container()).isSameAs(vfio.container);
        }
    }
}
