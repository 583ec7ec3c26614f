// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.iommufd.IommufdMachine.MEMORY;
import static org.iommuemu.host.iommufd.IommufdMachine.MEMORY_BYTES;
import static org.iommuemu.host.iommufd.IommufdMachine.PAGE;
import static org.iommuemu.host.iommufd.IommufdMachine.RW;
import static org.iommuemu.host.iommufd.IommufdMachine.SCRATCH;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.iommufd.spec.IoasStructures.AllowIovas;
import org.iommuemu.host.iommufd.spec.IoasStructures.IovaRanges;
import org.iommuemu.host.iommufd.spec.IoasStructures.MapUser;
import org.iommuemu.host.iommufd.spec.IoasStructures.Range;
import org.iommuemu.host.iommufd.spec.IoasStructures.Unmap;
import org.iommuemu.host.iommufd.spec.IommufdRequest;
import org.iommuemu.iommu.Access;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** IOAS_MAP, IOAS_UNMAP, IOAS_IOVA_RANGES and IOAS_ALLOW_IOVAS. */
class IoasTest {
    private static final String ALL = ThinWholeTest.ALL;
    private static final long AT = 0x20_0000;

    private long automatic(IommufdMachine m, int ioas, long address, long length) {
        Structure s = IommufdMachine.mapping(ioas, RW, address, length, 0);
        long returned = m.call(IommufdRequest.IOAS_MAP, s);
        return returned == 0 ? s.get(MapUser.IOVA) : returned;
    }

    private long mapped(IommufdMachine m, int flags, int ioas, long address, long length, long iova) {
        return m.call(IommufdRequest.IOAS_MAP, IommufdMachine.mapping(ioas, flags, address, length, iova));
    }

    @Test
    void shouldRefuseMappingsOutOfForm() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.vtd())) {
            int ioas = m.ioas();
            m.hwpt(0, m.bind(0x10).id(), ioas);
            String before = m.image();

            assertThat(mapped(m, RW | 8, ioas, MEMORY, PAGE, 0)).isEqualTo(Errno.EOPNOTSUPP.returned());
            assertThat(mapped(m, MapUser.FIXED_IOVA, ioas, MEMORY, PAGE, AT)).isEqualTo(Errno.EINVAL.returned());
            assertThat(m.map(ioas, MEMORY, 0, AT)).isEqualTo(Errno.EINVAL.returned());
            assertThat(m.map(ioas, MEMORY, 0x800, AT)).isEqualTo(Errno.EINVAL.returned());
            assertThat(m.map(ioas, MEMORY, PAGE, AT + 1)).isEqualTo(Errno.EINVAL.returned());
            assertThat(m.map(ioas, MEMORY + 0x10, PAGE, AT)).isEqualTo(Errno.EINVAL.returned());
            assertThat(automatic(m, ioas, MEMORY + 0x10, PAGE)).isEqualTo(Errno.EINVAL.returned());
            assertThat(m.map(ioas, MEMORY, -1, AT)).isEqualTo(Errno.EOVERFLOW.returned());
            assertThat(m.map(ioas, MEMORY, PAGE, -1)).isEqualTo(Errno.EOVERFLOW.returned());
            assertThat(mapped(m, RW, ioas, MEMORY, PAGE, -1)).isEqualTo(Errno.EOVERFLOW.returned());
            assertThat(m.map(ioas, MEMORY, 2 * PAGE, -PAGE)).isEqualTo(Errno.EOVERFLOW.returned());
            assertThat(m.map(ioas, MEMORY, -PAGE, AT)).isEqualTo(Errno.EINVAL.returned());

            assertThat(m.image()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldNotMapWhatIsMapped(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            int ioas = m.ioas();
            IommufdMachine.Device d = m.bind(0x10);
            d.attach(ioas);
            assertThat(m.map(ioas, MEMORY, 3 * PAGE, AT)).isZero();
            String before = m.image();

            assertThat(m.map(ioas, MEMORY, PAGE, AT)).isEqualTo(Errno.EEXIST.returned());
            assertThat(m.map(ioas, MEMORY, 2 * PAGE, AT - PAGE)).isEqualTo(Errno.EEXIST.returned());
            assertThat(m.map(ioas, MEMORY, 9 * PAGE, AT - PAGE)).isEqualTo(Errno.EEXIST.returned());
            assertThat(m.map(ioas, MEMORY, PAGE, AT + 2 * PAGE)).isEqualTo(Errno.EEXIST.returned());

            assertThat(m.image()).isEqualTo(before);
            assertThat(m.map(ioas, MEMORY, PAGE, AT + 3 * PAGE)).isZero();
            assertThat(m.map(ioas, MEMORY, PAGE, AT - PAGE)).isZero();
            assertThat(d.read(AT + 3 * PAGE)).isEqualTo(m.physical(MEMORY));
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldNotMapWhereDevicesHaveInterruptsOrTablesEnd(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            int ioas = m.ioas();
            IommufdMachine.Device d = m.bind(0x10);
            d.attach(ioas);
            long window = m.machine.isSmmu() ? 0x800_0000L : 0xFEE0_0000L;
            String before = m.image();

            assertThat(m.map(ioas, MEMORY, PAGE, window)).isEqualTo(Errno.EINVAL.returned());
            assertThat(m.map(ioas, MEMORY, PAGE, window + 0xF_F000)).isEqualTo(Errno.EINVAL.returned());
            assertThat(m.map(ioas, MEMORY, PAGE, 1L << (m.machine.isSmmu() ? 48 : 47)))
                    .isEqualTo(Errno.EINVAL.returned());

            assertThat(m.image()).isEqualTo(before);
            assertThat(m.map(ioas, MEMORY, PAGE, window - PAGE)).isZero();
            assertThat(m.map(ioas, MEMORY, PAGE, window + 0x10_0000)).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldLetDevicesDoWhatTheMappingAllows(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            int ioas = m.ioas();
            IommufdMachine.Device d = m.bind(0x10);
            d.attach(ioas);

            assertThat(mapped(m, MapUser.READABLE | MapUser.FIXED_IOVA, ioas, MEMORY, PAGE, AT))
                    .isZero();
            assertThat(m.map(ioas, MEMORY, PAGE, AT + PAGE)).isZero();

            assertThat(d.read(AT)).isEqualTo(m.physical(MEMORY));
            assertThat(m.machine.translate(0x10, -1, AT, Access.WRITE)).isEqualTo(-1);
            assertThat(m.machine.translate(0x10, -1, AT + PAGE, Access.WRITE)).isEqualTo(m.physical(MEMORY));
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldPinMemoryOnlyOnceThereIsATable(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            int ioas = m.ioas();
            IommufdMachine.Device d = m.bind(0x10);
            long nowhere = MEMORY + MEMORY_BYTES;
            assertThat(m.map(ioas, MEMORY, 2 * PAGE, AT)).isZero();
            assertThat(m.physical(MEMORY)).isEqualTo(-1);
            assertThat(m.map(ioas, nowhere, PAGE, 2 * AT)).isZero();

            Structure table = IommufdMachine.table(0, d.id(), ioas);
            assertThat(m.call(IommufdRequest.HWPT_ALLOC, table)).isEqualTo(Errno.EFAULT.returned());
            assertThat(m.space.lockedBytes()).isZero();
            assertThat(m.unmap(ioas, 2 * AT, PAGE)).isZero();
            int one = m.hwpt(0, d.id(), ioas);
            int two = m.hwpt(0, d.id(), ioas);

            assertThat(m.space.lockedBytes()).isEqualTo(2 * PAGE);
            assertThat(m.map(ioas, nowhere, PAGE, 2 * AT)).isEqualTo(Errno.EFAULT.returned());
            m.destroy(one);
            assertThat(m.space.lockedBytes()).isEqualTo(2 * PAGE);
            m.destroy(two);
            assertThat(m.space.lockedBytes()).isZero();
        }
    }

    @Test
    void shouldRefuseMoreThanMayBeLockedAndWhatMayNotBeWritten() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.smmuv3())) {
            int ioas = m.ioas();
            m.hwpt(0, m.bind(0x10).id(), ioas);
            m.space.lockLimit(3 * PAGE);
            m.space.protect(MEMORY + 8 * PAGE, PAGE, IommuDriver.READ);
            int flags = MapUser.READABLE | MapUser.FIXED_IOVA;

            assertThat(m.map(ioas, MEMORY, 4 * PAGE, AT)).isEqualTo(Errno.ENOMEM.returned());
            assertThat(m.map(ioas, MEMORY + 8 * PAGE, PAGE, AT)).isEqualTo(Errno.EFAULT.returned());
            assertThat(m.space.lockedBytes()).isZero();

            assertThat(mapped(m, flags, ioas, MEMORY + 8 * PAGE, PAGE, AT)).isZero();
        }
    }

    @Test
    void shouldPlaceMappingsAsLowAsTheyCanBe() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.smmuv3())) {
            int ioas = m.ioas();
            m.bind(0x10).attach(ioas);

            assertThat(automatic(m, ioas, MEMORY + PAGE, PAGE)).isEqualTo(PAGE);
            assertThat(automatic(m, ioas, MEMORY + 2 * PAGE, 2 * PAGE)).isEqualTo(2 * PAGE);
            assertThat(automatic(m, ioas, MEMORY, 0x8000)).isEqualTo(0x8000);
            assertThat(automatic(m, ioas, MEMORY + 3 * PAGE, PAGE)).isEqualTo(4 * PAGE);
            assertThat(m.map(ioas, MEMORY, PAGE, 5 * PAGE)).isZero();
            assertThat(automatic(m, ioas, MEMORY + 3 * PAGE, PAGE)).isEqualTo(6 * PAGE);
            assertThat(m.unmap(ioas, 2 * PAGE, 2 * PAGE)).isZero();
            assertThat(automatic(m, ioas, MEMORY + 5 * PAGE, PAGE)).isEqualTo(2 * PAGE);
        }
    }

    @Test
    void shouldPlaceMappingsOnlyWhereTheyAreAllowed() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.smmuv3())) {
            int ioas = m.ioas();
            m.bind(0x10).attach(ioas);
            assertThat(allow(m, ioas, 0x7FF_E000, 0x7FF_FFFF, 0x80_0000, 0x80_1FFF))
                    .isZero();

            assertThat(automatic(m, ioas, MEMORY + PAGE, PAGE)).isEqualTo(0x80_0000);
            assertThat(automatic(m, ioas, MEMORY + PAGE, 2 * PAGE)).isEqualTo(0x7FF_E000);
            assertThat(automatic(m, ioas, MEMORY + PAGE, 2 * PAGE)).isEqualTo(Errno.ENOSPC.returned());
            assertThat(automatic(m, ioas, MEMORY + PAGE, PAGE)).isEqualTo(0x80_1000);
            assertThat(automatic(m, ioas, MEMORY + PAGE, PAGE)).isEqualTo(Errno.ENOSPC.returned());
            assertThat(m.map(ioas, MEMORY, PAGE, AT)).isZero();
        }
    }

    @Test
    void shouldMapBytesAsLongAsThereIsNoTable() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.vtd())) {
            int ioas = m.ioas();
            IommufdMachine.Device d = m.bind(0x10);

            assertThat(m.map(ioas, MEMORY + 7, 3, 0x1_0003)).isZero();
            assertThat(automatic(m, ioas, MEMORY + 0x234, 0x10)).isEqualTo(PAGE + 0x234);
            assertThat(m.call(IommufdRequest.HWPT_ALLOC, IommufdMachine.table(0, d.id(), ioas)))
                    .isEqualTo(Errno.EADDRINUSE.returned());
            assertThat(m.unmap(ioas, 0, -1)).isZero();

            assertThat(m.hwpt(0, d.id(), ioas)).isPositive();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldUnmapWholeMappingsOnly(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            int ioas = m.ioas();
            IommufdMachine.Device d = m.bind(0x10);
            d.attach(ioas);
            assertThat(unmapped(m, ioas, 0, -1)).isZero();
            m.map(ioas, MEMORY, 2 * PAGE, AT);
            m.map(ioas, MEMORY + 2 * PAGE, 3 * PAGE, AT + 2 * PAGE);
            d.read(AT);
            d.read(AT + 2 * PAGE);
            String before = m.image();

            assertThat(m.unmap(ioas, AT, PAGE)).isEqualTo(Errno.ENOENT.returned());
            assertThat(m.unmap(ioas, AT, 3 * PAGE)).isEqualTo(Errno.ENOENT.returned());
            assertThat(m.unmap(ioas, AT + PAGE, 9 * PAGE)).isEqualTo(Errno.ENOENT.returned());
            assertThat(m.unmap(ioas, 2 * AT, PAGE)).isEqualTo(Errno.ENOENT.returned());
            assertThat(m.unmap(ioas, AT, 0)).isEqualTo(Errno.EINVAL.returned());
            assertThat(m.unmap(ioas, AT, -1)).isEqualTo(Errno.EOVERFLOW.returned());
            assertThat(m.unmap(ioas, -1, PAGE)).isEqualTo(Errno.EOVERFLOW.returned());
            assertThat(m.unmap(ioas, -PAGE, 2 * PAGE)).isEqualTo(Errno.EOVERFLOW.returned());
            assertThat(m.image()).isEqualTo(before);

            assertThat(unmapped(m, ioas, AT - PAGE, 3 * PAGE)).isEqualTo(2 * PAGE);
            assertThat(d.read(AT)).isEqualTo(-1);
            assertThat(d.read(AT + 2 * PAGE)).isEqualTo(m.physical(MEMORY + 2 * PAGE));
            assertThat(unmapped(m, ioas, 0, -1)).isEqualTo(3 * PAGE);
            assertThat(d.read(AT + 2 * PAGE)).isEqualTo(-1);
            assertThat(m.space.lockedBytes()).isZero();
        }
    }

    private long unmapped(IommufdMachine m, int ioas, long iova, long length) {
        Structure s = IommufdMachine.unmapping(ioas, iova, length);
        assertThat(m.call(IommufdRequest.IOAS_UNMAP, s)).isZero();
        return s.get(Unmap.LENGTH);
    }

    @Test
    void shouldMapLargePagesWhereMemoryHasThem() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.smmuv3())) {
            int ioas = m.ioas();
            IommufdMachine.Device d = m.bind(0x10);
            d.attach(ioas);
            long large = 0x8000_0000L;
            m.space.map(large, 4L << 20, IommuDriver.READ | IommuDriver.WRITE).value();

            assertThat(m.map(ioas, large, 4L << 20, 0x4000_0000)).isZero();

            for (long at = 0; at < 4L << 20; at += PAGE) {
                assertThat(d.read(0x4000_0000 + at)).isEqualTo(m.physical(large + at));
            }
            assertThat(m.unmap(ioas, 0x4000_0000, 4L << 20)).isZero();
            for (long at = 0; at < 4L << 20; at += PAGE) {
                assertThat(d.read(0x4000_0000 + at)).isEqualTo(-1);
            }
            assertThat(m.machine.staleAccesses()).isZero();
        }
    }

    private static Structure range(long start, long last) {
        return Structure.of(Range.BYTES).with(Range.START, start).with(Range.LAST, last);
    }

    private static long allow(IommufdMachine m, int ioas, long... bounds) {
        Structure[] ranges = new Structure[bounds.length / 2];
        for (int i = 0; i < ranges.length; i++) {
            ranges[i] = range(bounds[2 * i], bounds[2 * i + 1]);
        }
        return m.call(
                IommufdRequest.IOAS_ALLOW_IOVAS,
                Structure.of(IommufdRequest.IOAS_ALLOW_IOVAS)
                        .with(AllowIovas.IOAS_ID, ioas)
                        .with(AllowIovas.NUM_IOVAS, ranges.length)
                        .with(AllowIovas.ALLOWED_IOVAS, m.put(ranges)));
    }

    @Test
    void shouldAllowRangesThatAreNoneOfThemRefused() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.vtd())) {
            int ioas = m.ioas();
            IommufdMachine.Device d = m.bind(0x10);

            assertThat(allow(m, ioas, 0x2000, 0x2000)).isEqualTo(Errno.EINVAL.returned());
            assertThat(allow(m, ioas, 0x2000, 0x1000)).isEqualTo(Errno.EINVAL.returned());
            assertThat(allow(m, ioas, 0x2000, 0x4000, 0x4000, 0x5000)).isEqualTo(Errno.EINVAL.returned());
            assertThat(allow(m, 99, 0x2000, 0x3000)).isEqualTo(Errno.ENOENT.returned());
            assertThat(m.call(
                            IommufdRequest.IOAS_ALLOW_IOVAS,
                            Structure.of(IommufdRequest.IOAS_ALLOW_IOVAS)
                                    .with(AllowIovas.IOAS_ID, ioas)
                                    .with(AllowIovas.NUM_IOVAS, 1)))
                    .isEqualTo(Errno.EFAULT.returned());
            assertThat(allow(m, ioas, 0xFEE0_0000L, 0xFEE0_0FFFL)).isZero();
            assertThat(d.attach(ioas)).isEqualTo(Errno.EADDRINUSE.returned());
            assertThat(d.read(0)).isEqualTo(-1);

            assertThat(allow(m, ioas)).isZero();
            assertThat(d.attach(ioas)).isZero();
            assertThat(allow(m, ioas, 0xFEE0_0000L, 0xFEE0_0FFFL)).isEqualTo(Errno.EADDRINUSE.returned());
        }
    }

    private static List<IovaRange> ranges(IommufdMachine m, int ioas, int room, long returned) {
        Structure s = Structure.of(IommufdRequest.IOAS_IOVA_RANGES)
                .with(IovaRanges.IOAS_ID, ioas)
                .with(IovaRanges.NUM_IOVAS, room)
                .with(IovaRanges.ALLOWED_IOVAS, SCRATCH);
        assertThat(m.call(IommufdRequest.IOAS_IOVA_RANGES, s)).isEqualTo(returned);
        List<IovaRange> found = new ArrayList<>();
        for (int i = 0; i < s.get(IovaRanges.NUM_IOVAS) && i < room; i++) {
            ByteBuffer range = ByteBuffer.allocate(Range.BYTES);
            m.space.read(SCRATCH + (long) i * Range.BYTES, range);
            found.add(new IovaRange(Range.START.get(range), Range.LAST.get(range)));
        }
        assertThat(s.get(IovaRanges.NUM_IOVAS)).isGreaterThanOrEqualTo(found.size());
        return found;
    }

    @Test
    void shouldSayWhichIovasThereAre() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.vtd())) {
            int ioas = m.ioas();
            IommufdMachine.Device d = m.bind(0x10);
            assertThat(ranges(m, ioas, 1, 0)).containsExactly(new IovaRange(0, -1));

            d.attach(ioas);

            List<IovaRange> now = List.of(new IovaRange(0, 0xFEDF_FFFFL), new IovaRange(0xFEF0_0000L, (1L << 47) - 1));
            assertThat(ranges(m, ioas, 5, 0)).isEqualTo(now);
            assertThat(ranges(m, ioas, 1, Errno.EMSGSIZE.returned())).isEqualTo(now.subList(0, 1));
            assertThat(ranges(m, ioas, 0, Errno.EMSGSIZE.returned())).isEmpty();
            d.detach(IommufdMachine.NONE);
            assertThat(ranges(m, ioas, 1, 0)).containsExactly(new IovaRange(0, -1));
        }
    }

    @Test
    void shouldNotAttachADeviceWhereSomethingIsMappedForInterrupts() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.smmuv3())) {
            int ioas = m.ioas();
            IommufdMachine.Device d = m.bind(0x10);
            m.map(ioas, MEMORY, PAGE, 0x80F_F000);
            String before = m.machine.tables();

            assertThat(d.attach(ioas)).isEqualTo(Errno.EADDRINUSE.returned());

            assertThat(m.machine.tables().lines().filter(l -> !l.contains("frames")))
                    .containsExactlyElementsOf(
                            before.lines().filter(l -> !l.contains("frames")).toList());
            m.unmap(ioas, 0, -1);
            assertThat(d.attach(ioas)).isZero();
        }
    }
}
