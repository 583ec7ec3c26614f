// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Process;
import org.iommuemu.iommu.Access;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** MAP_DMA and UNMAP_DMA: what requests without PASID reach. */
class DmaMapTest {
    private static final int MAP = 0x3B00 + 113;
    private static final int UNMAP = 0x3B00 + 114;
    private static final long AT = VfioMachine.BUFFER;
    private static final Maker VTD = new Maker("VT-d", ControlledMachine::vtd);

    static List<Arguments> makersAndTypes() {
        List<Arguments> all = new ArrayList<>();
        VfioMachine.makers().forEach(m -> {
            for (IommuType t : IommuType.values()) {
                all.add(Arguments.of(m, t));
            }
        });
        return all;
    }

    private static ByteBuffer mapStructure(int argsz, int flags, long vaddr, long iova, long size) {
        return ByteBuffer.allocate(32)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(argsz)
                .putInt(flags)
                .putLong(vaddr)
                .putLong(iova)
                .putLong(size)
                .rewind();
    }

    private static ByteBuffer unmapStructure(int argsz, int flags, long iova, long size) {
        return ByteBuffer.allocate(24)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(argsz)
                .putInt(flags)
                .putLong(iova)
                .putLong(size)
                .rewind();
    }

    private static long map(VfioMachine vfio, int flags, long vaddr, long iova, long size) {
        return vfio.call(MAP, mapStructure(32, flags, vaddr, iova, size));
    }

    /** How many bytes, or the negative error. */
    private static long unmap(VfioMachine vfio, long iova, long size) {
        ByteBuffer structure = unmapStructure(24, 0, iova, size);
        long returned = vfio.call(UNMAP, structure);
        return returned == 0 ? structure.getLong(16) : returned;
    }

    private static long read(VfioMachine vfio, long iova) {
        return vfio.machine.read(0x10, VfioMachine.NONE, iova);
    }

    private static long physical(VfioMachine vfio, long address) {
        return VfioMachine.memory(vfio.user).tables().physical(address);
    }

    @ParameterizedTest
    @MethodSource("makersAndTypes")
    void shouldMapWhatDevicesThenReach(Maker maker, IommuType type) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            vfio.with(type, vfio.group(0x10), vfio.group(0x20));
            String before = vfio.image();

            assertThat(map(vfio, 3, AT, 0x10_0000, 0x3000)).isZero();
            assertThat(map(vfio, 1, AT + 0x3000, 0x10_3000, 0x1000)).isZero();

            assertThat(read(vfio, 0x10_0010)).isEqualTo(physical(vfio, AT + 0x10));
            assertThat(read(vfio, 0x10_2FFF)).isEqualTo(physical(vfio, AT + 0x2FFF));
            assertThat(vfio.machine.translate(0x20, VfioMachine.NONE, 0x10_1000, Access.WRITE))
                    .isEqualTo(physical(vfio, AT + 0x1000));
            assertThat(read(vfio, 0x10_3000)).isEqualTo(physical(vfio, AT + 0x3000));
            assertThat(vfio.machine.translate(0x10, VfioMachine.NONE, 0x10_3000, Access.WRITE))
                    .isEqualTo(-1);
            assertThat(read(vfio, 0x10_4000)).isEqualTo(-1);
            assertThat(VfioMachine.memory(vfio.user).lockedBytes()).isEqualTo(0x4000);
            assertThat(unmap(vfio, 0x10_0000, 0x4000)).isEqualTo(0x4000);
            assertThat(read(vfio, 0x10_0010)).isEqualTo(-1);
            assertThat(VfioMachine.memory(vfio.user).lockedBytes()).isZero();
            assertThat(vfio.machine.staleAccesses()).isZero();
            assertThat(vfio.machine.tables()).isSubstringOf(before);
        }
    }

    @ParameterizedTest
    @MethodSource("makersAndTypes")
    void shouldCheckMappings(Maker maker, IommuType type) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            vfio.with(type, vfio.group(0x10));
            String before = vfio.image();

            assertThat(vfio.call(MAP, ByteBuffer.allocate(31))).isEqualTo(-14);
            assertThat(vfio.call(MAP, mapStructure(31, 3, AT, 0, 0x1000))).isEqualTo(-22);
            for (int flags : new int[] {0, 4, 7, 0x8000_0003}) {
                assertThat(map(vfio, flags, AT, 0, 0x1000)).isEqualTo(-22);
            }
            assertThat(map(vfio, 3, AT + 1, 0, 0x1000)).isEqualTo(-22);
            assertThat(map(vfio, 3, AT, 0x800, 0x1000)).isEqualTo(-22);
            assertThat(map(vfio, 3, AT, 0, 0x1001)).isEqualTo(-22);
            assertThat(map(vfio, 3, AT, 0, 0)).isEqualTo(-22);
            assertThat(map(vfio, 3, AT, -0x1000, 0x2000)).isEqualTo(-22);
            assertThat(map(vfio, 3, -0x1000, 0, 0x2000)).isEqualTo(-22);
            assertThat(map(vfio, 3, AT, -0x1000, 0x1000)).isEqualTo(-22);
            assertThat(map(vfio, 3, AT, 1L << 48, 0x1000)).isEqualTo(-22);
            assertThat(map(vfio, 3, AT, 0, 1L << 40)).isEqualTo(-12);
            assertThat(map(vfio, 3, 0x1000, 0, 0x1000)).isEqualTo(-14);
            assertThat(map(vfio, 3, AT + 0x3000, 0, 0x2000)).isEqualTo(-14);
            Caller thread = new Caller(vfio.machine.processes.startThread());
            assertThat(vfio.call(thread, MAP, mapStructure(32, 3, AT, 0, 0x1000)))
                    .isEqualTo(-19);

            assertThat(vfio.image()).isEqualTo(before);
            assertThat(vfio.container.mappings()).isZero();
            assertThat(map(vfio, 3, AT, 0x1000, 0x2000)).isZero();
            for (long iova : new long[] {0, 0x1000, 0x2000}) {
                assertThat(map(vfio, 3, AT, iova, 0x2000)).isEqualTo(-17);
            }
            assertThat(map(vfio, 3, AT, 0, 0x1000)).isZero();
            assertThat(map(vfio, 3, AT, 0x3000, 0x1000)).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("makersAndTypes")
    void shouldUnmapWholeMappings(Maker maker, IommuType type) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            vfio.with(type, vfio.group(0x10));
            map(vfio, 3, AT, 0x1000, 0x2000);
            map(vfio, 3, AT, 0x4000, 0x2000);
            int cut = type == IommuType.TYPE1 ? 0 : -22;

            assertThat(vfio.call(UNMAP, ByteBuffer.allocate(23))).isEqualTo(-14);
            assertThat(vfio.call(UNMAP, unmapStructure(23, 0, 0x1000, 0x2000))).isEqualTo(-22);
            assertThat(vfio.call(UNMAP, unmapStructure(24, 1, 0x1000, 0x2000))).isEqualTo(-22);
            assertThat(unmap(vfio, 0x1000, 0)).isEqualTo(-22);
            assertThat(unmap(vfio, 0x1001, 0x1000)).isEqualTo(-22);
            assertThat(unmap(vfio, 0x1000, 0x800)).isEqualTo(-22);
            assertThat(unmap(vfio, -0x1000, 0x2000)).isEqualTo(-22);
            assertThat(unmap(vfio, 0x2000, 0x1000)).isEqualTo(cut);
            assertThat(unmap(vfio, 0x2000, 0x4000)).isEqualTo(cut);
            assertThat(unmap(vfio, 0x7000, 0x1000)).isZero();
            assertThat(vfio.container.mappings()).isEqualTo(2);
            // TYPE1 unmaps the whole of what begins in the range.
            assertThat(unmap(vfio, 0x1000, 0x1000)).isEqualTo(type == IommuType.TYPE1 ? 0x2000 : -22);
            assertThat(unmap(vfio, 0, 0x1_0000)).isEqualTo(type == IommuType.TYPE1 ? 0x2000 : 0x4000);
            assertThat(read(vfio, 0x4000)).isEqualTo(-1);
        }
    }

    @Test
    void shouldStayUnmappedEvenIfItCannotSaySo() {
        try (VfioMachine vfio = new VfioMachine(VTD)) {
            vfio.with(IommuType.TYPE1V2, vfio.group(0x10));
            map(vfio, 3, AT, 0x1000, 0x2000);

            assertThat(vfio.call(UNMAP, unmapStructure(24, 0, 0x1000, 0x2000).asReadOnlyBuffer()))
                    .isEqualTo(-14);

            assertThat(vfio.container.mappings()).isZero();
            assertThat(read(vfio, 0x1000)).isEqualTo(-1);
        }
    }

    @Test
    void shouldLeaveOtherProcessesMappingsAlone() {
        try (VfioMachine vfio = new VfioMachine(VTD)) {
            vfio.with(IommuType.TYPE1V2, vfio.group(0x10));
            map(vfio, 3, AT, 0x1000, 0x2000);
            Process other = vfio.process();
            ByteBuffer structure = unmapStructure(24, 0, 0x1000, 0x2000);

            assertThat(vfio.call(new Caller(other), UNMAP, structure)).isZero();

            assertThat(structure.getLong(16)).isZero();
            assertThat(vfio.container.mappings()).isEqualTo(1);
            vfio.machine.processes.exit(vfio.user);
            assertThat(read(vfio, 0x1000)).isPositive();
        }
    }

    @Test
    void shouldPinNothingForMediatedDevicesUntilThereIsAnIommu() {
        try (VfioMachine vfio = new VfioMachine(VTD)) {
            VfioGroup real = vfio.group(0x10);
            VfioGroup mediated = VfioGroup.mediated(vfio.machine.core, vfio.iommuGroup(0x20));
            vfio.with(IommuType.TYPE1V2, mediated);
            assertThat(map(vfio, 3, AT, 0x1000, 0x2000)).isZero();
            assertThat(map(vfio, 3, AT, -0x1000, 0x1000)).isZero();
            assertThat(VfioMachine.memory(vfio.user).lockedBytes()).isZero();
            String before = vfio.image();

            assertThat(vfio.container.attachGroup(real).returned()).isEqualTo(-22);
            assertThat(VfioMachine.memory(vfio.user).lockedBytes()).isZero();
            assertThat(vfio.image()).isEqualTo(before);
            assertThat(unmap(vfio, -0x1000, 0x1000)).isEqualTo(0x1000);
            assertThat(vfio.container.attachGroup(real).isOk()).isTrue();
            assertThat(VfioMachine.memory(vfio.user).lockedBytes()).isEqualTo(0x2000);
            assertThat(read(vfio, 0x2008)).isEqualTo(physical(vfio, AT + 0x1008));
            assertThat(vfio.container.detachGroup(real).isOk()).isTrue();
            assertThat(VfioMachine.memory(vfio.user).lockedBytes()).isZero();
            assertThat(vfio.container.mappings()).isEqualTo(1);
            assertThat(vfio.container.detachGroup(mediated).isOk()).isTrue();
            assertThat(vfio.container.mappings()).isZero();
        }
    }

    @Test
    void shouldHaveRoomForSoManyMappings() {
        try (VfioMachine vfio = new VfioMachine(VTD)) {
            vfio.with(IommuType.TYPE1V2, VfioGroup.mediated(vfio.machine.core, vfio.iommuGroup(0x20)));
            for (int i = 0; i < 65_535; i++) {
                assertThat(map(vfio, 1, AT, i * 0x1000L, 0x1000)).isZero();
            }

            assertThat(map(vfio, 1, AT, 1L << 40, 0x1000)).isEqualTo(-28);

            assertThat(unmap(vfio, 0, 1L << 39)).isEqualTo(65_535L << 12);
        }
    }
}
