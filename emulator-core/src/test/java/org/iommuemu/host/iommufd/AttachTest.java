// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.iommufd.IommufdMachine.MEMORY;
import static org.iommuemu.host.iommufd.IommufdMachine.NONE;
import static org.iommuemu.host.iommufd.IommufdMachine.PAGE;

import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.control.ModelledFunction;
import org.iommuemu.host.iommufd.IommufdMachine.Device;
import org.iommuemu.host.iommufd.spec.HwptStructures.Alloc;
import org.iommuemu.host.iommufd.spec.VfioDeviceStructures.Attach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What may be attached to what, replaced by what, and what is left when it is detached. */
class AttachTest {
    private static final String ALL = ThinWholeTest.ALL;
    private static final long AT = 0x20_0000;
    private static final long WHERE = 0x30_0000;

    /** Two address spaces with different pages at the same place. */
    private static final class Two {
        final int one;
        final int two;

        Two(IommufdMachine m) {
            one = m.ioas();
            two = m.ioas();
            m.map(one, MEMORY, PAGE, AT);
            m.map(two, MEMORY + PAGE, PAGE, AT);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldReplaceATableAndBlockWhatIsDetached(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            Two ioas = new Two(m);
            Device d = m.bind(0x10);
            int one = m.hwpt(0, d.id(), ioas.one);
            int two = m.hwpt(0, d.id(), ioas.two);
            assertThat(d.read(AT)).isEqualTo(-1);

            assertThat(d.attached(one)).isEqualTo(one);
            assertThat(d.read(AT)).isEqualTo(m.physical(MEMORY));
            assertThat(d.attached(two)).isEqualTo(two);
            assertThat(d.read(AT)).isEqualTo(m.physical(MEMORY + PAGE));
            assertThat(m.destroy(one)).isZero();
            assertThat(m.destroy(two)).isEqualTo(Errno.EBUSY.returned());
            String attached = m.image();
            assertThat(d.attach(two)).isZero();
            assertThat(m.image()).isEqualTo(attached);

            assertThat(d.detach(NONE)).isZero();
            assertThat(d.read(AT)).isEqualTo(-1);
            assertThat(m.machine.core.attached(d.host, NONE)).isNull();
            assertThat(d.detach(NONE)).isZero();
            assertThat(m.destroy(two)).isZero();
            assertThat(m.machine.staleAccesses()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldKeepTheOldTableWhenReplacingFails(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            Two ioas = new Two(m);
            Device d = m.bind(0x10);
            long window = m.machine.isSmmu() ? 0x800_0000L : 0xFEE0_0000L;
            m.map(ioas.two, MEMORY, PAGE, window);
            int one = m.hwpt(0, d.id(), ioas.one);
            int two = m.hwpt(0, d.id(), ioas.two);
            d.attach(one);
            d.read(AT);
            String before = m.image();

            assertThat(d.attach(two)).isEqualTo(Errno.EADDRINUSE.returned());
            assertThat(d.attach(ioas.two)).isEqualTo(Errno.EADDRINUSE.returned());
            assertThat(d.attach(99)).isEqualTo(Errno.ENOENT.returned());
            assertThat(d.attach(d.id())).isEqualTo(Errno.EINVAL.returned());
            assertThat(d.attach(m.faultQueue().get(0))).isEqualTo(Errno.EINVAL.returned());
            m.process.files().close(1);
            m.destroy(6);

            assertThat(m.image()).isEqualTo(before);
            assertThat(d.read(AT)).isEqualTo(m.physical(MEMORY));
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldGiveAnAddressSpaceATableOfItsOwnAndTakeThatAwayAgain(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            Two ioas = new Two(m);
            Device d = m.bind(0x10);
            Device e = m.bind(0x20);
            int explicit = m.hwpt(0, d.id(), ioas.one);

            int automatic = d.attached(ioas.one);
            assertThat(automatic).isNotEqualTo(explicit);
            assertThat(e.attached(ioas.one)).isEqualTo(automatic);
            assertThat(e.read(AT)).isEqualTo(m.physical(MEMORY));
            assertThat(m.destroy(automatic)).isEqualTo(Errno.EBUSY.returned());
            assertThat(d.attach(ioas.two)).isZero();
            assertThat(m.iommufd().ids()).contains(automatic);
            assertThat(e.detach(NONE)).isZero();

            assertThat(m.iommufd().ids()).doesNotContain(automatic).contains(explicit);
            assertThat(d.read(AT)).isEqualTo(m.physical(MEMORY + PAGE));
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldLetPasidsOnlyBesideTablesThatAreMadeForThem(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            Two ioas = new Two(m);
            Device d = m.bind(0x10);
            int plain = m.hwpt(0, d.id(), ioas.one);
            int pasid = m.hwpt(Alloc.PASID, d.id(), ioas.one);
            int other = m.hwpt(Alloc.PASID, d.id(), ioas.two);

            assertThat(d.attach(5, plain)).isEqualTo(Errno.EINVAL.returned());
            assertThat(d.attach(5, ioas.one)).isEqualTo(Errno.EINVAL.returned());
            assertThat(m.iommufd().ids()).hasSize(6);
            assertThat(d.attach(plain)).isZero();
            assertThat(d.attach(5, pasid)).isEqualTo(Errno.EINVAL.returned());
            assertThat(d.attach(pasid)).isZero();
            assertThat(d.attach(5, pasid)).isZero();
            assertThat(d.attach(6, other)).isZero();
            assertThat(d.attach(plain)).isEqualTo(Errno.EINVAL.returned());
            assertThat(d.attach(other)).isZero();
            assertThat(d.attach(5, other)).isZero();
            assertThat(d.attach(6, pasid)).isZero();

            assertThat(d.read(AT)).isEqualTo(m.physical(MEMORY + PAGE));
            assertThat(d.read(5, AT)).isEqualTo(m.physical(MEMORY + PAGE));
            assertThat(d.read(6, AT)).isEqualTo(m.physical(MEMORY));
            assertThat(d.detach(NONE)).isZero();
            assertThat(d.attach(plain)).isEqualTo(Errno.EINVAL.returned());
            assertThat(d.read(AT)).isEqualTo(-1);
            assertThat(d.read(5, AT)).isEqualTo(m.physical(MEMORY + PAGE));
            assertThat(d.detach(5)).isZero();
            assertThat(d.detach(6)).isZero();
            assertThat(d.attach(plain)).isZero();
            assertThat(m.machine.staleAccesses()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldRefusePasidsThatADeviceDoesNotHave(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            ModelledFunction few = new ModelledFunction();
            few.pasids = 16;
            Device d = m.bind(m.machine.device(0x10, new IommuGroup(90), few));
            int ioas = m.ioas();
            m.map(ioas, MEMORY, PAGE, AT);
            int table = m.hwpt(Alloc.PASID, d.id(), ioas);
            d.attach(table);

            for (int pasid : new int[] {0, 16, 17, 1 << 20, Integer.MIN_VALUE}) {
                assertThat(d.attach(pasid, table)).as("PASID %d", pasid).isEqualTo(Errno.EINVAL.returned());
            }
            assertThat(d.call(19, Device.attachment(1, table).with(Attach.PASID, -1)))
                    .isEqualTo(Errno.EINVAL.returned());

            assertThat(d.attach(15, table)).isZero();
            assertThat(d.read(15, AT)).isEqualTo(m.physical(MEMORY));
        }
    }

    @Test
    void shouldAttachAPasidOnlyOnceByTheTypedCall() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.vtd())) {
            Device d = m.bind(0x10);
            int table = m.hwpt(Alloc.PASID, d.id(), m.ioas());
            DeviceCalls calls = m.iommufd().devices();

            assertThat(calls.replace(d.id(), 5, table).errno()).isEqualTo(Errno.EINVAL);
            assertThat(calls.attach(d.id(), 5, table).value()).isEqualTo(table);
            assertThat(calls.attach(d.id(), 5, table).errno()).isEqualTo(Errno.EBUSY);
            assertThat(calls.attached(d.id(), 5).value()).isEqualTo(table);
            assertThat(calls.detach(d.id(), 6).errno()).isEqualTo(Errno.EINVAL);
            assertThat(calls.detach(d.id(), 5).isOk()).isTrue();
            assertThat(calls.attached(d.id(), 5).errno()).isEqualTo(Errno.ENOENT);
            assertThat(calls.attach(99, 5, table).errno()).isEqualTo(Errno.ENOENT);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldAttachAllDevicesOfAGroupToTheSameTable(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            Two ioas = new Two(m);
            IommuGroup group = new IommuGroup(90);
            HostDevice silent = m.machine.device(0x12, group);
            Device d = m.bind(0x10, group);
            Device e = m.bind(0x11, group);
            int one = m.hwpt(0, d.id(), ioas.one);
            int two = m.hwpt(0, d.id(), ioas.two);

            assertThat(d.attach(one)).isZero();
            assertThat(e.read(AT)).isEqualTo(m.physical(MEMORY));
            assertThat(m.machine.read(silent.stream(), NONE, AT)).isEqualTo(m.physical(MEMORY));
            assertThat(e.attach(two)).isEqualTo(Errno.EINVAL.returned());
            assertThat(e.attach(one)).isZero();
            assertThat(d.attach(two)).isZero();
            assertThat(e.read(AT)).isEqualTo(m.physical(MEMORY + PAGE));
            assertThat(m.destroy(one)).isZero();
            assertThat(d.detach(NONE)).isZero();
            assertThat(d.read(AT)).isEqualTo(m.physical(MEMORY + PAGE));
            assertThat(m.destroy(two)).isEqualTo(Errno.EBUSY.returned());
            assertThat(e.detach(NONE)).isZero();

            for (int stream : new int[] {0x10, 0x11, 0x12}) {
                assertThat(m.machine.read(stream, NONE, AT)).isEqualTo(-1);
            }
            assertThat(m.destroy(two)).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldTellATableWhatIsMappedBeforeAndAfterItIsMade(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            int ioas = m.ioas();
            Device d = m.bind(0x10);
            m.map(ioas, MEMORY, PAGE, AT);
            d.attach(m.hwpt(0, d.id(), ioas));
            Device e = m.bind(0x20);
            int second = m.hwpt(Alloc.NEST_PARENT, e.id(), ioas);
            assertThat(e.attach(second)).isZero();

            m.map(ioas, MEMORY + PAGE, 2 * PAGE, WHERE);

            for (Device one : new Device[] {d, e}) {
                assertThat(one.read(AT)).isEqualTo(m.physical(MEMORY));
                assertThat(one.read(WHERE + PAGE)).isEqualTo(m.physical(MEMORY + 2 * PAGE));
            }
            m.unmap(ioas, AT, PAGE);
            assertThat(d.read(AT)).isEqualTo(-1);
            assertThat(e.read(AT)).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldCopyMappingsWithoutPinningThemTwice(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            int from = m.ioas();
            int to = m.ioas();
            Device d = m.bind(0x10);
            Device e = m.bind(0x20);
            d.attach(from);
            e.attach(to);
            m.map(from, MEMORY, 2 * PAGE, AT);
            m.map(from, MEMORY + 8 * PAGE, PAGE, AT + 2 * PAGE);
            int rw = IommuDriver.READ | IommuDriver.WRITE;
            IoasCalls calls = m.iommufd().ioas();

            assertThat(calls.copy(to, from, AT, 4 * PAGE, WHERE, rw).errno()).isEqualTo(Errno.ENOENT);
            assertThat(calls.copy(to, from, AT - PAGE, 2 * PAGE, WHERE, rw).errno())
                    .isEqualTo(Errno.ENOENT);
            assertThat(calls.copy(to, from, AT, 0, WHERE, rw).errno()).isEqualTo(Errno.EINVAL);
            assertThat(calls.copy(to, from, AT, -1, WHERE, rw).errno()).isEqualTo(Errno.EOVERFLOW);
            assertThat(calls.copy(to, from, AT, PAGE, WHERE, 0).errno()).isEqualTo(Errno.EINVAL);
            assertThat(calls.copy(99, from, AT, PAGE, WHERE, rw).errno()).isEqualTo(Errno.ENOENT);
            assertThat(calls.copy(to, 99, AT, PAGE, WHERE, rw).errno()).isEqualTo(Errno.ENOENT);
            assertThat(calls.copy(to, from, AT, 3 * PAGE, WHERE, rw).value()).isEqualTo(WHERE);

            assertThat(m.space.lockedBytes()).isEqualTo(3 * PAGE);
            assertThat(e.read(WHERE + PAGE)).isEqualTo(m.physical(MEMORY + PAGE));
            assertThat(e.read(WHERE + 2 * PAGE)).isEqualTo(m.physical(MEMORY + 8 * PAGE));
            m.unmap(from, 0, -1);
            assertThat(d.read(AT)).isEqualTo(-1);
            assertThat(e.read(WHERE)).isEqualTo(m.physical(MEMORY));
            m.unmap(to, WHERE, 2 * PAGE);
            assertThat(m.space.lockedBytes()).isEqualTo(PAGE);
            m.unmap(to, 0, -1);
            assertThat(m.space.lockedBytes()).isZero();
        }
    }

    @Test
    void shouldNotCopyForWritingWhatMayOnlyBeRead() {
        try (IommufdMachine m = new IommufdMachine(ControlledMachine.vtd())) {
            int ioas = m.ioas();
            IoasCalls calls = m.iommufd().ioas();
            calls.map(ioas, m.space, MEMORY, PAGE, AT, IommuDriver.READ).value();

            assertThat(calls.copy(ioas, ioas, AT, PAGE, WHERE, IommuDriver.WRITE)
                            .errno())
                    .isEqualTo(Errno.EPERM);
            assertThat(calls.copy(ioas, ioas, AT, PAGE, AT, IommuDriver.READ).errno())
                    .isEqualTo(Errno.EEXIST);

            assertThat(calls.copy(ioas, ioas, AT, PAGE, null, IommuDriver.READ).value())
                    .isEqualTo(PAGE);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldKeepMemoryOfAProcessThatHasExited(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            Device d = m.bind(0x10);
            int ioas = m.ioas();
            m.map(ioas, MEMORY, PAGE, AT);
            m.map(ioas, MEMORY + PAGE, PAGE, WHERE);
            d.attach(ioas);
            long physical = m.physical(MEMORY);
            m.file.get();

            m.machine.processes.exit(m.process);

            assertThat(d.read(AT)).isEqualTo(physical);
            assertThat(m.machine.frames.inUse()).isEqualTo(2);
            d.close();
            assertThat(d.read(AT)).isEqualTo(-1);
            m.file.put();
            assertThat(m.machine.frames.inUse()).isZero();
        }
    }
}
