// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.OpenFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What containers, groups and devices are asked for as files. */
class GroupCallsTest {
    private static final String MAKERS = "org.iommuemu.host.vfio.VfioMachine#makers";
    private static final Maker VTD = new Maker("VT-d", ControlledMachine::vtd);

    private static ByteBuffer words(int... words) {
        ByteBuffer b = ByteBuffer.allocate(4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int w : words) {
            b.putInt(w);
        }
        return b.rewind();
    }

    private static long ioctl(VfioMachine vfio, OpenFile file, int number, ByteBuffer argument) {
        return file.ioctl(vfio.caller, 0x3B00 + number, UserBuffer.of(argument));
    }

    private static long ioctl(VfioMachine vfio, OpenFile file, int number, long argument) {
        return file.ioctl(vfio.caller, 0x3B00 + number, UserBuffer.ofNumber(argument));
    }

    @Test
    void shouldSayWhatAContainerHas() {
        try (VfioMachine vfio = new VfioMachine(VTD)) {
            assertThat(ioctl(vfio, vfio.container, 100, 0)).isZero();
            for (long type : new long[] {1, 3, 6}) {
                assertThat(ioctl(vfio, vfio.container, 101, type)).isEqualTo(1);
            }
            for (long type : new long[] {0, 2, 4, 5, 7, -1, 1L << 32 | 1}) {
                assertThat(ioctl(vfio, vfio.container, 101, type)).isZero();
            }
            vfio.with(IommuType.TYPE1V2, vfio.group(0x10));
            assertThat(ioctl(vfio, vfio.container, 101, 4)).isEqualTo(1);
            vfio.container.attachGroup(VfioGroup.incoherent(vfio.machine.core, vfio.iommuGroup(0x20)));
            assertThat(ioctl(vfio, vfio.container, 101, 4)).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldChooseTheKindOfIommuOnceThereAreGroups(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            assertThat(ioctl(vfio, vfio.container, 102, 3)).isEqualTo(-22);
            assertThat(ioctl(vfio, vfio.container, 113, words(32, 3, 0, 0, 0, 0, 0, 0)))
                    .isEqualTo(-22);
            assertThat(vfio.container.attachGroup(group)).isEqualTo(Result.done());
            String before = vfio.image();

            assertThat(ioctl(vfio, vfio.container, 102, 2)).isEqualTo(-19);
            vfio.failures(step -> step == Step.ALLOCATION);
            assertThat(ioctl(vfio, vfio.container, 102, 3)).isEqualTo(-12);
            vfio.failures(step -> step == Step.DEVICE);
            assertThat(ioctl(vfio, vfio.container, 102, 3)).isEqualTo(-5);
            assertThat(vfio.image()).isEqualTo(before);
            vfio.failures(step -> false);
            assertThat(ioctl(vfio, vfio.container, 102, 3)).isZero();
            assertThat(ioctl(vfio, vfio.container, 102, 3)).isEqualTo(-22);
            assertThat(ioctl(vfio, vfio.container, 102, 2)).isEqualTo(-22);

            assertThat(vfio.container.detachGroup(group)).isEqualTo(Result.done());
            assertThat(vfio.image()).isEqualTo(before);
            assertThat(ioctl(vfio, vfio.container, 102, 3)).isEqualTo(-22);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldAttachAllGroupsOrNoneWhenTheKindOfIommuIsChosen(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup taken = vfio.group(0x20);
            vfio.container.attachGroup(a);
            vfio.container.attachGroup(taken);
            VfioContainer other = new VfioContainer(vfio.machine.core, vfio.machine.processes, Dialect.PROCESS);
            VfioGroup again = new VfioGroup(vfio.machine.core, taken.iommuGroup());
            other.attachGroup(again);
            assertThat(other.setIommu(IommuType.TYPE1V2)).isEqualTo(Result.done());
            String before = vfio.image();

            assertThat(vfio.container.setIommu(IommuType.TYPE1V2).errno()).isEqualTo(Errno.EBUSY);

            assertThat(vfio.image()).isEqualTo(before);
            assertThat(vfio.machine.core.attached(vfio.device(a), VfioMachine.NONE))
                    .isNull();
        }
    }

    @Test
    void shouldPutGroupsIntoContainersByTheirDescriptors() {
        try (VfioMachine vfio = new VfioMachine(VTD)) {
            VfioGroup group = vfio.group(0x10);
            VfioGroupFile file = group.open().value();
            assertThat(group.open().errno()).isEqualTo(Errno.EBUSY);
            int groupFd = vfio.user.files().open(file);
            int containerFd = vfio.user.files().open(vfio.container);
            ByteBuffer status = words(8, -1);

            assertThat(ioctl(vfio, file, 103, words(8))).isEqualTo(-14);
            assertThat(ioctl(vfio, file, 103, words(7, 0))).isEqualTo(-22);
            assertThat(ioctl(vfio, file, 103, words(8, 0).asReadOnlyBuffer())).isEqualTo(-14);
            assertThat(ioctl(vfio, file, 103, status)).isZero();
            assertThat(status.getInt(4)).isEqualTo(1);
            assertThat(ioctl(vfio, file, 105, 0)).isEqualTo(-22);
            assertThat(ioctl(vfio, file, 104, ByteBuffer.allocate(3))).isEqualTo(-14);
            assertThat(ioctl(vfio, file, 104, words(-1))).isEqualTo(-22);
            assertThat(ioctl(vfio, file, 104, words(99))).isEqualTo(-9);
            assertThat(ioctl(vfio, file, 104, words(groupFd))).isEqualTo(-22);
            assertThat(ioctl(vfio, file, 104, words(containerFd))).isZero();
            assertThat(ioctl(vfio, file, 104, words(containerFd))).isEqualTo(-22);
            assertThat(ioctl(vfio, file, 103, status)).isZero();
            assertThat(status.getInt(4)).isEqualTo(3);
            assertThat(ioctl(vfio, file, 105, 0)).isZero();
            assertThat(ioctl(vfio, file, 112, 0)).isEqualTo(-25);
        }
    }

    @Test
    void shouldOpenDevicesByTheirNames() {
        try (VfioMachine vfio = new VfioMachine(VTD)) {
            VfioGroup group = vfio.group(0x1210, 0x1211);
            VfioGroupFile file = group.open().value();
            vfio.user.files().open(file);
            ByteBuffer name = ByteBuffer.wrap("0000:12:02.1\0".getBytes(StandardCharsets.US_ASCII));
            assertThat(ioctl(vfio, file, 106, name)).isEqualTo(-22);
            vfio.container.attachGroup(group);
            assertThat(ioctl(vfio, file, 106, name)).isEqualTo(-22);
            vfio.container.setIommu(IommuType.TYPE1);

            assertThat(ioctl(vfio, file, 106, name.duplicate().limit(12))).isEqualTo(-14);
            assertThat(ioctl(vfio, file, 106, ByteBuffer.allocate(1))).isEqualTo(-19);
            byte[] endless = new byte[5000];
            Arrays.fill(endless, (byte) 'x');
            assertThat(ioctl(vfio, file, 106, ByteBuffer.wrap(endless))).isEqualTo(-22);
            assertThat(ioctl(vfio, file, 106, name)).isEqualTo(1);

            OpenFile device = vfio.user.files().get(1).value();
            assertThat(device).isInstanceOf(VfioDeviceFile.class);
            assertThat(((VfioDeviceFile) device).device())
                    .isSameAs(group.devices().get(1));
            ByteBuffer info = words(16, 0, -1, -1);
            assertThat(ioctl(vfio, device, 107, info)).isZero();
            assertThat(info).isEqualTo(words(16, 2, 0, 0));
            assertThat(ioctl(vfio, device, 107, words(15, 0, 0, 0))).isEqualTo(-22);
            assertThat(ioctl(vfio, device, 107, words(16, 0, 0))).isEqualTo(-14);
            assertThat(ioctl(vfio, device, 107, words(16, 0, 0, 0).asReadOnlyBuffer()))
                    .isEqualTo(-14);
            assertThat(ioctl(vfio, device, 108, info)).isEqualTo(-25);
            assertThat(ioctl(vfio, file, 105, 0)).isEqualTo(-16);
            vfio.user.files().close(1);
            assertThat(ioctl(vfio, file, 105, 0)).isZero();
        }
    }

    @Test
    void shouldKeepAGroupBusyUntilItsLastDeviceIsClosed() {
        try (VfioMachine vfio = new VfioMachine(VTD)) {
            VfioGroup group = vfio.group(0x10);
            vfio.user.files().open(group.open().value());
            vfio.with(IommuType.TYPE1V2, group);
            vfio.user.files().open(group.openDevice("0000:00:02.0").value());

            vfio.user.files().close(0);
            assertThat(group.open().errno()).isEqualTo(Errno.EBUSY);
            assertThat(group.container()).isSameAs(vfio.container);
            vfio.user.files().close(1);

            assertThat(group.container()).isNull();
            assertThat(group.open().isOk()).isTrue();
        }
    }

    @Test
    void shouldRefuseWhatContainersAreNot() {
        try (VfioMachine vfio = new VfioMachine(VTD)) {
            VfioGroup empty = vfio.group();
            assertThat(vfio.container.attachGroup(empty)).isEqualTo(Result.done());
            assertThat(vfio.container.setIommu(IommuType.TYPE1).errno()).isEqualTo(Errno.EIO);
            VfioContainer other = new VfioContainer(vfio.machine.core, vfio.machine.processes, Dialect.PROCESS);
            assertThat(other.detachGroup(empty).errno()).isEqualTo(Errno.EINVAL);
            assertThat(other.attachGroup(empty).errno()).isEqualTo(Errno.EINVAL);
            assertThat(other.bindProcess(new Caller(vfio.user)).errno()).isEqualTo(Errno.EINVAL);
            ByteBuffer info = words(16, 0, 0, 0);
            vfio.container.detachGroup(empty);
            vfio.with(IommuType.NESTING, vfio.group(0x10));
            assertThat(ioctl(vfio, vfio.container, 112, info)).isZero();
            assertThat(info).isEqualTo(words(16, 1, 0x4020_1000, 0));
            assertThat(ioctl(vfio, vfio.container, 112, words(15, 0, 0, 0))).isEqualTo(-22);
            assertThat(ioctl(vfio, vfio.container, 112, words(16, 0, 0))).isEqualTo(-14);
        }
    }
}
