// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.iommufd.IommufdMachine.MEMORY;
import static org.iommuemu.host.iommufd.IommufdMachine.PAGE;

import java.util.List;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.iommufd.spec.EventStructures;
import org.iommuemu.host.iommufd.spec.HwptStructures;
import org.iommuemu.host.iommufd.spec.IoasStructures;
import org.iommuemu.host.iommufd.spec.IommufdRequest;
import org.iommuemu.host.iommufd.spec.ViommuStructures;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What all requests of iommufd have in common: sizes, reserved fields, numbers of objects. */
class CallFormTest {
    private static final StructureField SIZE = StructureField.u32("size", 0);

    private final IommufdMachine m = new IommufdMachine(ControlledMachine.vtd());

    @AfterEach
    void close() {
        m.close();
    }

    @ParameterizedTest
    @EnumSource(IommufdRequest.class)
    void shouldReadTheSizeBeforeAnythingElse(IommufdRequest request) {
        assertThat(m.file.ioctl(m.caller, request.request(), UserBuffer.NULL)).isEqualTo(Errno.EFAULT.returned());
        assertThat(m.file.ioctl(m.caller, request.request() & 0xFF, UserBuffer.NULL))
                .isEqualTo(Errno.EFAULT.returned());
    }

    @ParameterizedTest
    @EnumSource(IommufdRequest.class)
    void shouldRefuseAStructureShorterThanItsFirstVersion(IommufdRequest request) {
        for (int size = 4; size < request.minimum(); size++) {
            assertThat(m.call(request, Structure.of(request).resized(size))).isEqualTo(Errno.EINVAL.returned());
        }
        Structure claimsLess = Structure.of(request).with(SIZE, 0);
        assertThat(m.call(request, claimsLess)).isEqualTo(Errno.EINVAL.returned());
    }

    @ParameterizedTest
    @EnumSource(IommufdRequest.class)
    void shouldRefuseWhatItDoesNotKnowBehindAStructure(IommufdRequest request) {
        String before = m.image();
        Structure longer = Structure.of(request).resized(request.bytes() + 9);
        longer.with(StructureField.u8("more", request.bytes() + 8), 1);

        assertThat(m.call(request, longer)).isEqualTo(Errno.E2BIG.returned());

        assertThat(m.image()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource(IommufdRequest.class)
    void shouldSayThatItCannotReadWhatAStructureSaysToBeLong(IommufdRequest request) {
        Structure s = Structure.of(request).with(SIZE, request.bytes() + 8);

        assertThat(m.call(request, s)).isEqualTo(Errno.EFAULT.returned());
    }

    @Test
    void shouldAcceptZerosBehindAStructure() {
        Structure s = Structure.of(IommufdRequest.IOAS_ALLOC).resized(5000);

        assertThat(m.call(IommufdRequest.IOAS_ALLOC, s)).isZero();

        assertThat(s.getInt(IoasStructures.Alloc.OUT_IOAS_ID)).isEqualTo(1);
    }

    @Test
    void shouldAcceptATableOfTheFirstVersionWithoutAFaultQueue() {
        IommufdMachine.Device d = m.bind(0x10);
        Structure s = IommufdMachine.table(0, d.id(), m.ioas()).resized(IommufdRequest.HWPT_ALLOC.minimum());

        assertThat(m.call(IommufdRequest.HWPT_ALLOC, s)).isZero();

        assertThat(s.getInt(HwptStructures.Alloc.OUT_HWPT_ID)).isEqualTo(3);
    }

    @Test
    void shouldNotKnowOtherNumbersAndTypes() {
        Structure s = Structure.of(64).with(SIZE, 64);

        for (int request : List.of(0x3B7F, 0x3B95, 0x3BFF, 0x4080, 0x80, 0xC000_3B81, 0x0008_3B80, 0)) {
            assertThat(m.file.ioctl(m.caller, request, s.buffer())).isEqualTo(Errno.ENOTTY.returned());
        }
    }

    @Test
    void shouldRefuseReservedFieldsAndFlags() {
        refuse(IommufdRequest.IOAS_ALLOC, IoasStructures.Alloc.FLAGS);
        refuse(IommufdRequest.IOAS_ALLOW_IOVAS, IoasStructures.AllowIovas.RESERVED);
        refuse(IommufdRequest.IOAS_IOVA_RANGES, IoasStructures.IovaRanges.RESERVED);
        refuse(IommufdRequest.IOAS_MAP, IoasStructures.MapUser.RESERVED);
        refuse(IommufdRequest.OPTION, IoasStructures.Option.RESERVED);
        refuse(IommufdRequest.VFIO_IOAS, IoasStructures.VfioIoas.RESERVED);
        refuse(IommufdRequest.IOAS_CHANGE_PROCESS, IoasStructures.ChangeProcess.RESERVED);
        refuse(IommufdRequest.HWPT_ALLOC, HwptStructures.Alloc.RESERVED);
        refuse(IommufdRequest.GET_HW_INFO, HwptStructures.HwInfo.RESERVED1);
        refuse(IommufdRequest.HWPT_SET_DIRTY_TRACKING, HwptStructures.SetDirtyTracking.RESERVED);
        refuse(IommufdRequest.HWPT_GET_DIRTY_BITMAP, HwptStructures.GetDirtyBitmap.RESERVED);
        refuse(IommufdRequest.HWPT_INVALIDATE, HwptStructures.Invalidate.RESERVED);
        refuse(IommufdRequest.FAULT_QUEUE_ALLOC, EventStructures.FaultAlloc.FLAGS);
        refuse(IommufdRequest.VIOMMU_ALLOC, ViommuStructures.ViommuAlloc.FLAGS);
        refuse(IommufdRequest.VEVENTQ_ALLOC, EventStructures.VeventqAlloc.FLAGS);
        refuse(IommufdRequest.VEVENTQ_ALLOC, EventStructures.VeventqAlloc.RESERVED);
        assertThat(m.call(IommufdRequest.HW_QUEUE_ALLOC, Structure.of(IommufdRequest.HW_QUEUE_ALLOC)))
                .isEqualTo(Errno.EOPNOTSUPP.returned());
    }

    private void refuse(IommufdRequest request, StructureField field) {
        assertThat(m.call(request, Structure.of(request).with(field, 0x80)))
                .as(request + " " + field.name())
                .isEqualTo(Errno.EOPNOTSUPP.returned());
    }

    @Test
    void shouldNumberObjectsFromOneWithTheLowestThatIsFree() {
        assertThat(List.of(m.ioas(), m.ioas(), m.ioas())).containsExactly(1, 2, 3);
        assertThat(m.destroy(2)).isZero();

        assertThat(m.faultQueue().get(0)).isEqualTo(2);
        assertThat(m.ioas()).isEqualTo(4);
    }

    @Test
    void shouldNotKnowNumbersOfOtherTypesOfObjects() {
        int ioas = m.ioas();
        int queue = m.faultQueue().get(0);
        IommufdMachine.Device d = m.bind(0x10);

        for (int other : List.of(queue, d.id(), 0, 77, -1)) {
            assertThat(m.map(other, MEMORY, PAGE, 0x1000)).isEqualTo(Errno.ENOENT.returned());
            assertThat(m.unmap(other, 0, -1)).isEqualTo(Errno.ENOENT.returned());
        }
        for (int other : List.of(ioas, queue, 0, 77)) {
            assertThat(m.call(IommufdRequest.HWPT_ALLOC, IommufdMachine.table(0, other, ioas)))
                    .isEqualTo(Errno.ENOENT.returned());
        }
        for (int other : List.of(d.id(), queue, 0, 77)) {
            assertThat(m.call(IommufdRequest.HWPT_ALLOC, IommufdMachine.table(0, d.id(), other)))
                    .isEqualTo(Errno.EINVAL.returned());
        }
    }

    @Test
    void shouldDestroyWhatNothingNeedsAlone() {
        int ioas = m.ioas();
        IommufdMachine.Device d = m.bind(0x10);
        int table = m.hwpt(0, d.id(), ioas);
        List<Integer> queue = m.faultQueue();
        assertThat(d.attach(table)).isZero();

        assertThat(m.destroy(77)).isEqualTo(Errno.ENOENT.returned());
        for (int needed : List.of(ioas, d.id(), table, queue.get(0))) {
            assertThat(m.destroy(needed)).isEqualTo(Errno.EBUSY.returned());
        }
        d.detach(IommufdMachine.NONE);
        m.process.files().close(queue.get(1)).value();

        for (int free : List.of(table, ioas, queue.get(0))) {
            assertThat(m.destroy(free)).isZero();
            assertThat(m.destroy(free)).isEqualTo(Errno.ENOENT.returned());
        }
    }

    @Test
    void shouldLetNothingBeSeenOfAnObjectWhoseNumberCannotBeTold() {
        IommufdMachine.Device d = m.bind(0x10);
        int ioas = m.ioas();
        int parent = m.hwpt(HwptStructures.Alloc.NEST_PARENT, d.id(), ioas);
        String before = m.image();
        int descriptors = m.process.files().open(m.file);
        m.process.files().close(descriptors);

        for (Structure s : List.of(
                IommufdMachine.table(0, d.id(), ioas),
                IommufdMachine.table(HwptStructures.Alloc.PASID, d.id(), ioas),
                GuestVtd.firstStage(m, d.id(), parent, 0x1000))) {
            assertThat(m.file.ioctl(m.caller, IommufdRequest.HWPT_ALLOC.request(), s.readOnly()))
                    .isEqualTo(Errno.EFAULT.returned());
        }
        for (IommufdRequest r : List.of(IommufdRequest.IOAS_ALLOC, IommufdRequest.FAULT_QUEUE_ALLOC)) {
            assertThat(m.file.ioctl(m.caller, r.request(), Structure.of(r).readOnly()))
                    .isEqualTo(Errno.EFAULT.returned());
        }

        assertThat(m.image()).isEqualTo(before);
        assertThat(m.process.files().open(m.file)).isEqualTo(descriptors);
    }

    @Test
    void shouldTakeAMappingBackWhosePlaceCannotBeTold() {
        int ioas = m.ioas();
        IommufdMachine.Device d = m.bind(0x10);
        m.hwpt(0, d.id(), ioas);
        m.space.fault(MEMORY, 1);
        String before = m.image();
        Structure s = IommufdMachine.mapping(ioas, IommufdMachine.RW, MEMORY, PAGE, 0);

        assertThat(m.file.ioctl(m.caller, IommufdRequest.IOAS_MAP.request(), s.readOnly()))
                .isEqualTo(Errno.EFAULT.returned());

        assertThat(m.image()).isEqualTo(before);
    }

    @Test
    void shouldCloseWithAllThatItHas() {
        String before = m.machine.tables();
        int ioas = m.ioas();
        IommufdMachine.Device d = m.bind(0x10);
        m.map(ioas, MEMORY, PAGE, 0x1000);
        d.attach(ioas);
        List<Integer> queue = m.faultQueue();
        assertThat(m.hwpt(0, d.id(), ioas)).isPositive();

        m.process.files().close(m.fd).value();
        assertThat(d.read(0x1000)).isEqualTo(m.physical(MEMORY));
        d.close();
        assertThat(m.iommufd().ids()).isNotEmpty();
        m.process.files().close(queue.get(1)).value();

        assertThat(m.iommufd().ids()).isEmpty();
        assertThat(m.space.lockedBytes()).isZero();
        m.space.unmap(MEMORY, PAGE);
        assertThat(m.machine.tables().lines().filter(l -> !l.startsWith("context") && !l.startsWith("function")))
                .containsExactlyElementsOf(before.lines().toList());
    }
}
