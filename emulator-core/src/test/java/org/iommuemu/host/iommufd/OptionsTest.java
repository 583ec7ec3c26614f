// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.iommufd.IommufdMachine.MEMORY;
import static org.iommuemu.host.iommufd.IommufdMachine.PAGE;
import static org.iommuemu.host.iommufd.IommufdMachine.RW;
import static org.iommuemu.host.iommufd.IommufdMachine.SCRATCH;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.iommufd.IommufdMachine.Device;
import org.iommuemu.host.iommufd.spec.HwptStructures.Alloc;
import org.iommuemu.host.iommufd.spec.HwptStructures.GetDirtyBitmap;
import org.iommuemu.host.iommufd.spec.HwptStructures.HwInfo;
import org.iommuemu.host.iommufd.spec.HwptStructures.SetDirtyTracking;
import org.iommuemu.host.iommufd.spec.IoasStructures.MapFile;
import org.iommuemu.host.iommufd.spec.IoasStructures.MapUser;
import org.iommuemu.host.iommufd.spec.IoasStructures.Option;
import org.iommuemu.host.iommufd.spec.IoasStructures.VfioIoas;
import org.iommuemu.host.iommufd.spec.IommufdRequest;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.host.process.MemoryFile;
import org.iommuemu.host.process.Process;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.vtd.VtdFeatures;
import org.junit.jupiter.api.Test;

/** GET_HW_INFO, OPTION, VFIO_IOAS, IOAS_MAP_FILE, IOAS_CHANGE_PROCESS, and what is not there. */
class OptionsTest {
    private static final long AT = 0x20_0000;

    private static Structure info(int device, long room) {
        return Structure.of(IommufdRequest.GET_HW_INFO)
                .with(HwInfo.DEV_ID, device)
                .with(HwInfo.DATA_LEN, room)
                .with(HwInfo.DATA_UPTR, SCRATCH);
    }

    private static ByteBuffer scratch(IommufdMachine m, int bytes) {
        ByteBuffer b = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(m.space.read(SCRATCH, b)).isTrue();
        return b.flip();
    }

    @Test
    void shouldSayWhatAVtdUnitSaysOfItself() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.vtd())) {
            Device d = m.bind(0x10);
            m.put(Structure.of(64).with(HwInfo.DATA_UPTR, -1).with(HwInfo.OUT_CAPABILITIES, -1));
            Structure s = info(d.id(), 48);

            assertThat(m.call(IommufdRequest.GET_HW_INFO, s)).isZero();

            assertThat(s.getInt(HwInfo.DATA_LEN)).isEqualTo(24);
            assertThat(s.getInt(HwInfo.DATA_TYPE)).isEqualTo(1);
            assertThat(s.get(HwInfo.OUT_CAPABILITIES)).isZero();
            assertThat(1 << s.getInt(HwInfo.OUT_MAX_PASID_LOG2)).isEqualTo(m.machine.core.pasidEnd(d.host));
            ByteBuffer data = scratch(m, 48);
            assertThat(data.getLong(8)).isEqualTo(VtdFeatures.full().cap());
            assertThat(data.getLong(16)).isEqualTo(VtdFeatures.full().ecap());
            assertThat(data.getLong(24)).isZero();
            assertThat(data.getLong(32)).isZero();
        }
    }

    @Test
    void shouldSayWhatAnSmmuSaysOfItself() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.smmuv3())) {
            Structure s = info(m.bind(0x10).id(), 40);

            assertThat(m.call(IommufdRequest.GET_HW_INFO, s)).isZero();

            assertThat(s.getInt(HwInfo.DATA_LEN)).isEqualTo(40);
            assertThat(s.getInt(HwInfo.DATA_TYPE)).isEqualTo(2);
            ByteBuffer data = scratch(m, 40);
            assertThat(data.getInt(8)).isEqualTo((int) SmmuFeatures.full().idr0());
            assertThat(data.getInt(12)).isEqualTo((int) SmmuFeatures.full().idr1());
            assertThat(data.getInt(28)).isEqualTo((int) SmmuFeatures.full().idr5());
        }
    }

    @Test
    void shouldSayAsMuchAsThereIsRoomFor() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.vtd())) {
            int d = m.bind(0x10).id();
            m.put(Structure.of(64).with(HwInfo.DATA_UPTR, -1));
            Structure none = info(d, 0).with(HwInfo.DATA_UPTR, 0);
            Structure some = info(d, 16);

            assertThat(m.call(IommufdRequest.GET_HW_INFO, none)).isZero();
            assertThat(none.getInt(HwInfo.DATA_LEN)).isEqualTo(24);
            assertThat(m.call(IommufdRequest.GET_HW_INFO, some)).isZero();
            assertThat(scratch(m, 24).getLong(16)).isEqualTo(-1);
            assertThat(m.call(IommufdRequest.GET_HW_INFO, info(d, 8).with(HwInfo.DATA_UPTR, 0x77)))
                    .isEqualTo(Errno.EFAULT.returned());
            assertThat(m.call(IommufdRequest.GET_HW_INFO, info(d, 0xFFFF_FFFFL)))
                    .isEqualTo(Errno.EFAULT.returned());
            assertThat(m.call(IommufdRequest.GET_HW_INFO, info(99, 8))).isEqualTo(Errno.ENOENT.returned());
            assertThat(m.call(IommufdRequest.GET_HW_INFO, info(d, 8).with(HwInfo.FLAGS, 2)))
                    .isEqualTo(Errno.EOPNOTSUPP.returned());
            Structure asked = info(d, 8).with(HwInfo.FLAGS, HwInfo.INPUT_TYPE);
            assertThat(m.call(IommufdRequest.GET_HW_INFO, asked.with(HwInfo.DATA_TYPE, 2)))
                    .isEqualTo(Errno.EOPNOTSUPP.returned());
            assertThat(m.call(IommufdRequest.GET_HW_INFO, asked.with(HwInfo.DATA_TYPE, 1)))
                    .isZero();
            assertThat(m.call(IommufdRequest.GET_HW_INFO, info(d, 8).with(HwInfo.DATA_TYPE, 2)))
                    .isZero();
        }
    }

    private static Structure option(int option, int op, int object, long value) {
        return Structure.of(IommufdRequest.OPTION)
                .with(Option.OPTION_ID, option)
                .with(Option.OP, op)
                .with(Option.OBJECT_ID, object)
                .with(Option.VAL64, value);
    }

    @Test
    void shouldCountLockedMemoryAsThePrivilegedSay() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.vtd())) {
            Caller root = new Caller(m.machine.processes.start(Credentials.ROOT));
            int request = IommufdRequest.OPTION.request();
            Structure get = option(Option.RLIMIT_MODE, Option.OP_GET, 0, 9);

            assertThat(m.call(IommufdRequest.OPTION, option(Option.RLIMIT_MODE, Option.OP_SET, 0, 1)))
                    .isEqualTo(Errno.EPERM.returned());
            assertThat(m.file.ioctl(root, request, option(0, 0, 0, 2).buffer())).isEqualTo(Errno.EINVAL.returned());
            assertThat(m.file.ioctl(root, request, option(0, 0, 5, 1).buffer())).isEqualTo(Errno.EOPNOTSUPP.returned());
            assertThat(m.file.ioctl(root, request, option(0, 2, 0, 1).buffer())).isEqualTo(Errno.EOPNOTSUPP.returned());
            assertThat(m.file.ioctl(root, request, option(2, 0, 0, 1).buffer())).isEqualTo(Errno.EOPNOTSUPP.returned());
            assertThat(m.call(IommufdRequest.OPTION, get)).isZero();
            assertThat(get.get(Option.VAL64)).isZero();
            assertThat(m.file.ioctl(root, request, option(0, 0, 0, 1).buffer())).isZero();
            assertThat(m.call(IommufdRequest.OPTION, get)).isZero();
            assertThat(get.get(Option.VAL64)).isOne();
            m.ioas();
            assertThat(m.file.ioctl(root, request, option(0, 0, 0, 0).buffer())).isEqualTo(Errno.EBUSY.returned());
        }
    }

    @Test
    void shouldJoinPagesUnlessToldOtherwiseBeforeThereAreTables() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.vtd())) {
            int ioas = m.ioas();
            Structure get = option(Option.HUGE_PAGES, Option.OP_GET, ioas, 9);
            m.call(IommufdRequest.OPTION, get);
            assertThat(get.get(Option.VAL64)).isOne();
            m.map(ioas, MEMORY + 1, 1, 1);

            assertThat(set(m, ioas, 0)).isEqualTo(Errno.EADDRINUSE.returned());
            m.unmap(ioas, 0, -1);
            assertThat(set(m, ioas, 2)).isEqualTo(Errno.EINVAL.returned());
            assertThat(set(m, 99, 0)).isEqualTo(Errno.ENOENT.returned());
            assertThat(set(m, ioas, 0)).isZero();
            assertThat(m.map(ioas, MEMORY + 1, 1, 1)).isEqualTo(Errno.EINVAL.returned());
            m.hwpt(0, m.bind(0x10).id(), ioas);
            assertThat(set(m, ioas, 1)).isZero();
            assertThat(set(m, ioas, 0)).isEqualTo(Errno.EINVAL.returned());
            assertThat(m.call(IommufdRequest.OPTION, option(Option.HUGE_PAGES, 7, ioas, 0)))
                    .isEqualTo(Errno.EOPNOTSUPP.returned());
        }
    }

    private static long set(IommufdMachine m, int ioas, long value) {
        return m.call(IommufdRequest.OPTION, option(Option.HUGE_PAGES, Option.OP_SET, ioas, value));
    }

    private static Structure compatibility(int op, int ioas) {
        return Structure.of(IommufdRequest.VFIO_IOAS).with(VfioIoas.OP, op).with(VfioIoas.IOAS_ID, ioas);
    }

    @Test
    void shouldKnowWhichAddressSpaceContainersAreToUse() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.vtd())) {
            int ioas = m.ioas();
            Structure get = compatibility(VfioIoas.GET, 0);

            assertThat(m.call(IommufdRequest.VFIO_IOAS, get)).isEqualTo(Errno.ENODEV.returned());
            assertThat(m.call(IommufdRequest.VFIO_IOAS, compatibility(VfioIoas.SET, 9)))
                    .isEqualTo(Errno.ENOENT.returned());
            assertThat(m.call(IommufdRequest.VFIO_IOAS, compatibility(3, ioas))).isEqualTo(Errno.EOPNOTSUPP.returned());
            assertThat(m.call(IommufdRequest.VFIO_IOAS, compatibility(VfioIoas.SET, ioas)))
                    .isZero();
            assertThat(m.call(IommufdRequest.VFIO_IOAS, get)).isZero();
            assertThat(get.getInt(VfioIoas.IOAS_ID)).isEqualTo(ioas);
            assertThat(m.call(IommufdRequest.VFIO_IOAS, compatibility(VfioIoas.CLEAR, 0)))
                    .isZero();
            assertThat(m.call(IommufdRequest.VFIO_IOAS, get)).isEqualTo(Errno.ENODEV.returned());
            m.call(IommufdRequest.VFIO_IOAS, compatibility(VfioIoas.SET, ioas));
            assertThat(m.destroy(ioas)).isZero();
            assertThat(m.call(IommufdRequest.VFIO_IOAS, get)).isEqualTo(Errno.ENODEV.returned());
        }
    }

    private static Structure file(int ioas, int fd, long start, long length) {
        return Structure.of(IommufdRequest.IOAS_MAP_FILE)
                .with(MapFile.FLAGS, RW | MapUser.FIXED_IOVA)
                .with(MapFile.IOAS_ID, ioas)
                .with(MapFile.FD, fd)
                .with(MapFile.START, start)
                .with(MapFile.LENGTH, length)
                .with(MapFile.IOVA, AT);
    }

    @Test
    void shouldMapAFileThatAnotherProcessMayTakeOver() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.smmuv3())) {
            MemoryFile memory = m.machine.processes.newMemoryFile(4 * PAGE).value();
            int fd = m.process.files().open(memory);
            long mapped = m.space.mapFile(0, 4 * PAGE, 3, memory, 0).value();
            m.space.fault(mapped + 3 * PAGE, 2);
            int ioas = m.ioas();
            Device d = m.bind(0x10);
            d.attach(ioas);

            assertThat(m.call(IommufdRequest.IOAS_MAP_FILE, file(ioas, 77, 0, PAGE)))
                    .isEqualTo(Errno.EBADF.returned());
            assertThat(m.call(IommufdRequest.IOAS_MAP_FILE, file(ioas, m.fd, 0, PAGE)))
                    .isEqualTo(Errno.EINVAL.returned());
            assertThat(m.call(IommufdRequest.IOAS_MAP_FILE, file(99, fd, 0, PAGE)))
                    .isEqualTo(Errno.ENOENT.returned());
            assertThat(m.call(IommufdRequest.IOAS_MAP_FILE, file(ioas, fd, 3 * PAGE, 2 * PAGE)))
                    .isEqualTo(Errno.EINVAL.returned());
            assertThat(m.call(IommufdRequest.IOAS_MAP_FILE, file(ioas, fd, 2 * PAGE, 2 * PAGE)))
                    .isZero();
            m.process.files().close(fd).value();
            assertThat(d.read(AT + PAGE))
                    .isEqualTo(m.physical(mapped + 3 * PAGE))
                    .isPositive();

            Process heir = m.machine.processes.start(Credentials.user(7));
            Structure change = Structure.of(IommufdRequest.IOAS_CHANGE_PROCESS);
            assertThat(m.file.ioctl(new Caller(heir), IommufdRequest.IOAS_CHANGE_PROCESS.request(), change.buffer()))
                    .isZero();
            assertThat(m.space.lockedBytes()).isZero();
            assertThat(Objects.requireNonNull(heir.addressSpace()).lockedBytes())
                    .isEqualTo(2 * PAGE);
            Objects.requireNonNull(heir.addressSpace());
            m.space.lockLimit(PAGE);
            assertThat(m.call(IommufdRequest.IOAS_CHANGE_PROCESS, change)).isEqualTo(Errno.ENOMEM.returned());
            assertThat(m.space.lockedBytes()).isZero();
            assertThat(m.unmap(ioas, 0, -1)).isZero();
            assertThat(Objects.requireNonNull(heir.addressSpace()).lockedBytes())
                    .isZero();
            m.map(ioas, MEMORY, PAGE, AT);
            assertThat(m.call(IommufdRequest.IOAS_CHANGE_PROCESS, change)).isEqualTo(Errno.EINVAL.returned());
        }
    }

    @Test
    void shouldTrackNoDirtyPages() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.vtd())) {
            Device d = m.bind(0x10);
            int table = m.hwpt(0, d.id(), m.ioas());
            Structure set = Structure.of(IommufdRequest.HWPT_SET_DIRTY_TRACKING).with(SetDirtyTracking.HWPT_ID, table);
            Structure get = Structure.of(IommufdRequest.HWPT_GET_DIRTY_BITMAP).with(GetDirtyBitmap.HWPT_ID, table);

            assertThat(m.call(IommufdRequest.HWPT_ALLOC, IommufdMachine.table(Alloc.DIRTY_TRACKING, d.id(), 2)))
                    .isEqualTo(Errno.EOPNOTSUPP.returned());
            assertThat(m.call(IommufdRequest.HWPT_SET_DIRTY_TRACKING, set)).isEqualTo(Errno.EOPNOTSUPP.returned());
            assertThat(m.call(IommufdRequest.HWPT_GET_DIRTY_BITMAP, get)).isEqualTo(Errno.EOPNOTSUPP.returned());
            assertThat(m.call(IommufdRequest.HWPT_SET_DIRTY_TRACKING, set.with(SetDirtyTracking.HWPT_ID, 99)))
                    .isEqualTo(Errno.ENOENT.returned());
            assertThat(m.call(IommufdRequest.HWPT_GET_DIRTY_BITMAP, get.with(GetDirtyBitmap.HWPT_ID, d.id())))
                    .isEqualTo(Errno.ENOENT.returned());
        }
    }
}
