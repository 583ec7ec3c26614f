// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.Process;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The SVM binding of 2017: case 22 of the corner cases, and what becomes of each of its three kinds. */
class SvmBindTest {
    private static final String MAKERS = "org.iommuemu.host.vfio.VfioMachine#makers";
    private static final int BIND_TASK = 0x3B00 + 122;
    private static final int PASIDTBL = 1;
    private static final int PASID = 2;
    private static final int PGTABLE = 4;

    static ByteBuffer structure(int argsz, int flags, int length, int dataBytes) {
        return ByteBuffer.allocate(12 + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(argsz)
                .putInt(flags)
                .putInt(length);
    }

    static ByteBuffer pasidTable(long base, int bits, int format, int reserved) {
        return structure(24, PASIDTBL, 12, 12)
                .putLong(base)
                .put((byte) bits)
                .put((byte) format)
                .putShort((short) reserved)
                .rewind();
    }

    static ByteBuffer pasid(int pid) {
        return structure(20, PASID, 8, 8).putInt(0xDEAD).putInt(pid).rewind();
    }

    static ByteBuffer pageTable(long root, int pasid, int width, long attributes) {
        return structure(36, PGTABLE, 24, 24)
                .putLong(root)
                .putInt(pasid)
                .putInt(width)
                .putLong(attributes)
                .rewind();
    }

    private static VfioMachine machine(Maker maker) {
        return new VfioMachine(maker, Dialect.SVM);
    }

    private static long refused(VfioMachine vfio, ByteBuffer structure) {
        String before = vfio.image();
        long returned = vfio.call(BIND_TASK, structure.rewind());
        assertThat(vfio.image()).isEqualTo(before);
        return returned;
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 22")
    void shouldTakeExactlyOneKindWithAllOfItsData(Maker maker) {
        try (VfioMachine vfio = machine(maker)) {
            vfio.with(IommuType.NESTING, vfio.group(0x10));

            assertThat(vfio.container.ioctl(vfio.caller, BIND_TASK, UserBuffer.NULL))
                    .isEqualTo(-14);
            assertThat(refused(vfio, ByteBuffer.allocate(11))).isEqualTo(-14);
            for (int flags : new int[] {0, 3, 5, 6, 7, 8, 9, 0x8000_0001, -1}) {
                assertThat(refused(vfio, structure(100, flags, 24, 24))).isEqualTo(-22);
            }
            for (int flags : new int[] {PASIDTBL, PASID, PGTABLE}) {
                int needed = flags == PASIDTBL ? 12 : flags == PASID ? 8 : 24;
                assertThat(refused(vfio, structure(11, flags, 0, 24))).isEqualTo(-22);
                assertThat(refused(vfio, structure(12 + needed, flags, needed + 1, 24)))
                        .isEqualTo(-22);
                assertThat(refused(vfio, structure(100, flags, -1, 24))).isEqualTo(-22);
                assertThat(refused(vfio, structure(-1, flags, -1, 24))).isEqualTo(-22);
                assertThat(refused(vfio, structure(100, flags, needed - 1, 24))).isEqualTo(-22);
                assertThat(refused(vfio, structure(100, flags, needed, needed - 1)))
                        .isEqualTo(-14);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 22: a PASID table, which only an SMMUv3 takes from guests")
    void shouldBindAGuestsPasidTableWhereThatIsPossible(Maker maker) {
        try (VfioMachine vfio = machine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = vfio.group(0x20);
            VfioGroup later = vfio.group(0x30);
            String before = vfio.machine.tables();
            vfio.with(IommuType.NESTING, a, b);
            GuestMemoryImage guest = new GuestMemoryImage(vfio);
            guest.map();
            ByteBuffer good = pasidTable(GuestMemoryImage.CONTEXTS, 2, 0, 0);
            if (!vfio.machine.isSmmu()) {
                assertThat(refused(vfio, good)).isEqualTo(-95);
                return;
            }

            assertThat(vfio.call(BIND_TASK, good.duplicate())).isZero();

            assertThat(guest.isReached(0x10, 1)).isTrue();
            assertThat(guest.isReached(0x20, 1)).isTrue();
            assertThat(vfio.machine.read(0x10, 2, GuestMemoryImage.VIRTUAL)).isEqualTo(-1);
            assertThat(refused(vfio, good)).isEqualTo(-16);
            assertThat(guest.isReached(0x10, 1)).isTrue();
            assertThat(vfio.container.attachGroup(later).isOk()).isTrue();
            assertThat(guest.isReached(0x30, 1)).isTrue();
            vfio.container.detachGroup(later);
            vfio.container.detachGroup(b);
            vfio.container.detachGroup(a);
            assertThat(vfio.machine.read(0x10, 1, GuestMemoryImage.VIRTUAL)).isEqualTo(-1);
            assertThat(withoutFrames(vfio.machine.tables())).isEqualTo(withoutFrames(before));
        }
    }

    private static String withoutFrames(String image) {
        return image.replaceAll("\\d+ frames", "frames");
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldCheckAPasidTable(Maker maker) {
        try (VfioMachine vfio = machine(maker)) {
            vfio.with(IommuType.NESTING, vfio.group(0x10));

            assertThat(refused(vfio, pasidTable(0x1020, 2, 0, 0))).isEqualTo(-22);
            assertThat(refused(vfio, pasidTable(1L << 48, 2, 0, 0))).isEqualTo(-22);
            assertThat(refused(vfio, pasidTable(-64, 2, 0, 0))).isEqualTo(-22);
            assertThat(refused(vfio, pasidTable(0x1000, 21, 0, 0))).isEqualTo(-22);
            assertThat(refused(vfio, pasidTable(0x1000, 2, 3, 0))).isEqualTo(-22);
            assertThat(refused(vfio, pasidTable(0x1000, 2, 0, 1))).isEqualTo(-22);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldBindGuestsTablesOnlyBehindASecondStage(Maker maker) {
        try (VfioMachine vfio = machine(maker)) {
            vfio.with(IommuType.TYPE1V2, vfio.group(0x10));

            assertThat(refused(vfio, pasidTable(0x1000, 2, 0, 0))).isEqualTo(-22);
            assertThat(refused(vfio, pageTable(0x1000, 5, 48, 0))).isEqualTo(-22);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldBindAGuestsPageTableWherePasidTablesAreTheHosts(Maker maker) {
        try (VfioMachine vfio = machine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = vfio.group(0x20);
            VfioGroup later = vfio.group(0x30);
            String before = vfio.machine.tables();
            vfio.with(IommuType.NESTING, a, b);
            GuestMemoryImage guest = new GuestMemoryImage(vfio);
            guest.map();
            ByteBuffer good = pageTable(GuestMemoryImage.ROOT, 5, 48, 0);
            if (vfio.machine.isSmmu()) {
                assertThat(refused(vfio, good)).isEqualTo(-95);
                return;
            }

            assertThat(vfio.call(BIND_TASK, good.duplicate())).isZero();

            assertThat(guest.isReached(0x10, 5)).isTrue();
            assertThat(guest.isReached(0x20, 5)).isTrue();
            assertThat(vfio.machine.read(0x10, 6, GuestMemoryImage.VIRTUAL)).isEqualTo(-1);
            assertThat(vfio.machine.core.pasids().owner(5)).isNotNull();
            assertThat(refused(vfio, good)).isEqualTo(-16);
            assertThat(vfio.container.attachGroup(later).isOk()).isTrue();
            assertThat(guest.isReached(0x30, 5)).isTrue();
            vfio.container.detachGroup(later);
            vfio.container.detachGroup(b);
            vfio.container.detachGroup(a);
            assertThat(vfio.machine.read(0x10, 5, GuestMemoryImage.VIRTUAL)).isEqualTo(-1);
            assertThat(withoutFrames(vfio.machine.tables())).isEqualTo(withoutFrames(before));
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldCheckAPageTable(Maker maker) {
        try (VfioMachine vfio = machine(maker)) {
            vfio.with(IommuType.NESTING, vfio.group(0x10));

            assertThat(refused(vfio, pageTable(0x1001, 5, 48, 0))).isEqualTo(-22);
            for (int pasid : new int[] {0, -1, 1 << 20, Integer.MIN_VALUE}) {
                assertThat(refused(vfio, pageTable(0x1000, pasid, 48, 0))).isEqualTo(-22);
            }
            for (int width : new int[] {0, 39, 47, 49, 64, -1}) {
                assertThat(refused(vfio, pageTable(0x1000, 5, width, 0))).isEqualTo(-22);
            }
            assertThat(refused(vfio, pageTable(0x1000, 5, 48, 8))).isEqualTo(-22);
            assertThat(refused(vfio, pageTable(0x1000, 5, 48, Long.MIN_VALUE))).isEqualTo(-22);
            if (!vfio.machine.isSmmu()) {
                // Five levels, which the unit has: bits 3:2 of the PASID entry's third word are 1.
                assertThat(vfio.call(BIND_TASK, pageTable(0x1000, 5, 57, 0))).isZero();
                assertThat(vfio.machine.tables()).contains("PASID 0010.5").contains(" 1004 0 0 0 0 0");
            }
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldBindAProcessLikeItsSuccessor(Maker maker) {
        try (VfioMachine vfio = machine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process other = vfio.process();
            ByteBuffer own = pasid(0);
            ByteBuffer others = pasid(other.pid());

            assertThat(refused(vfio, pasid(9999))).isEqualTo(-3);
            assertThat(refused(vfio, pasid(-1))).isEqualTo(-3);
            assertThat(vfio.call(BIND_TASK, own)).isZero();
            assertThat(own.getInt(12)).isEqualTo(1);
            assertThat(vfio.call(BIND_TASK, others)).isZero();
            assertThat(others.getInt(12)).isEqualTo(2);
            assertThat(vfio.call(BIND_TASK, own)).isZero();
            assertThat(vfio.container.bonds()).isEqualTo(2);
            assertThat(vfio.reaches(group, 1, vfio.user)).isTrue();
            assertThat(vfio.reaches(group, 2, other)).isTrue();

            vfio.machine.processes.exit(other);
            assertThat(vfio.isRefused(group, 2)).isTrue();
            assertThat(vfio.container.bonds()).isEqualTo(1);
            ByteBuffer unwritable = pasid(vfio.process().pid()).asReadOnlyBuffer();
            String before = vfio.machine.tables();
            assertThat(vfio.call(BIND_TASK, unwritable)).isEqualTo(-14);
            // Caching mode: binding it dropped what was cached of PASID 2's missing entry.
            assertThat(vfio.machine.tables()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldSpeakOneDialectOnly(Maker maker) {
        try (VfioMachine vfio = machine(maker)) {
            vfio.with(IommuType.TYPE1V2, vfio.group(0x10));

            assertThat(refused(vfio, VfioMachine.bindStructure(20, 1, 0, 0))).isEqualTo(-22);
            assertThat(vfio.call(VfioMachine.UNBIND, VfioMachine.bindStructure(20, 1, 0, 0)))
                    .isEqualTo(-25);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldBindProcessesBehindASecondStageOnlyWherePasidsHaveTheirOwn(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.NESTING, group);
            String before = vfio.image();

            if (vfio.machine.isSmmu()) {
                assertThat(vfio.bind(vfio.user)).isEqualTo(-22);
                assertThat(vfio.image()).isEqualTo(before);
            } else {
                assertThat(vfio.bind(vfio.user)).isEqualTo(1);
                assertThat(vfio.reaches(group, 1, vfio.user)).isTrue();
            }
        }
    }
}
