// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.control.ModelledFunction;
import org.iommuemu.host.guest.Bytes;
import org.iommuemu.host.guest.EmulatedGuest;
import org.iommuemu.host.guest.PasidEntries;
import org.iommuemu.host.ioasid.spec.AllowLayout;
import org.iommuemu.host.ioasid.spec.BindPgtblLayout;
import org.iommuemu.host.ioasid.spec.IoasidLayout;
import org.iommuemu.host.ioasid.spec.IoasidRequests;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.vtd.spec.PasidEntry;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Corner case 27, and each answer to what the sketch leaves open. */
class IoasidTest {
    private static final String ALL = "org.iommuemu.host.control.ControlledMachine#all";

    private static long root(Domain memory) {
        return Objects.requireNonNull(memory.tables()).root();
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldAllocateTheLowestAndFreeItAgain(Maker maker) {
        try (IoasidSetup s = new IoasidSetup(maker.make())) {
            String before = s.machine.image();

            int first = s.alloc();
            int second = s.alloc();

            assertThat(first).isOne();
            assertThat(second).isEqualTo(2);
            assertThat(s.free(first)).isZero();
            assertThat(s.alloc()).isOne();
            assertThat(s.free(first)).isZero();
            assertThat(s.free(second)).isZero();
            assertThat(s.free(second)).isEqualTo(Errno.ENOENT.returned());
            assertThat(s.machine.image()).isEqualTo(before);
        }
    }

    @Test
    @DisplayName("Case 27: BIND before ALLOW, BIND twice")
    void shouldBindBeforeAnyDeviceIsAllowed() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            int ioasid = s.alloc();
            String before = s.machine.image();

            assertThat(s.bind(ioasid)).isZero();

            assertThat(s.machine.image()).isEqualTo(before);
            assertThat(s.bind(ioasid)).isEqualTo(Errno.EBUSY.returned());
            assertThat(s.free(ioasid)).isEqualTo(Errno.EBUSY.returned());
            assertThat(s.unbind(ioasid)).isZero();
            assertThat(s.free(ioasid)).isZero();
        }
    }

    @Test
    @DisplayName("Case 27: ALLOW after BIND")
    void shouldProgramADeviceThatIsAllowedAfterTheBindAtOnce() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            int ioasid = s.alloc();
            s.bind(ioasid);
            assertThat(s.reach(ioasid)).isEqualTo(-1);

            assertThat(s.allow(s.first, ioasid)).isZero();

            long[] entry = PasidEntries.of(s.machine, s.one, ioasid);
            assertThat(PasidEntry.PGTT.getInt(entry)).isEqualTo(3);
            assertThat(PasidEntry.FSPTPTR.inPlace(entry)).isEqualTo(s.tables.root());
            assertThat(PasidEntry.SSPTPTR.inPlace(entry)).isEqualTo(root(s.memory));
            assertThat(s.reach(ioasid)).isEqualTo(IoasidSetup.THERE);
            assertThat(s.machine.read(0x18, ioasid, IoasidSetup.AT))
                    .as("never allowed")
                    .isEqualTo(-1);
            assertThat(PasidEntry.P.isSet(PasidEntries.of(s.machine, s.two, ioasid)))
                    .isFalse();
        }
    }

    @Test
    @DisplayName("Case 27: DISALLOW while bound")
    void shouldClearTheDeviceThatIsDisallowedWhileBound() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            int ioasid = s.alloc();
            s.allow(s.first, ioasid);
            s.allow(s.second, ioasid);
            String before = s.machine.tables();
            s.bind(ioasid);
            assertThat(s.reach(ioasid)).isEqualTo(IoasidSetup.THERE);
            assertThat(s.machine.read(0x18, ioasid, IoasidSetup.AT)).isEqualTo(IoasidSetup.THERE);

            assertThat(s.disallow(s.first, ioasid)).isZero();

            assertThat(s.reach(ioasid)).isEqualTo(-1);
            assertThat(s.machine.read(0x18, ioasid, IoasidSetup.AT)).isEqualTo(IoasidSetup.THERE);
            assertThat(s.disallow(s.first, ioasid)).isEqualTo(Errno.ESRCH.returned());
            assertThat(s.unbind(ioasid)).isZero();
            assertThat(s.machine.tables()).isEqualTo(before);
            assertThat(s.unbind(ioasid)).isEqualTo(Errno.EINVAL.returned());
        }
    }

    @Test
    @DisplayName("Case 27: FREE while in use")
    void shouldNotFreeWhatDevicesMayUse() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            int ioasid = s.alloc();
            s.allow(s.first, ioasid);
            String before = s.machine.image();

            assertThat(s.free(ioasid)).isEqualTo(Errno.EBUSY.returned());
            assertThat(s.allow(s.first, ioasid)).isEqualTo(Errno.EEXIST.returned());
            assertThat(s.machine.image()).isEqualTo(before);
            assertThat(s.disallow(s.first, ioasid)).isZero();
            assertThat(s.free(ioasid)).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    @DisplayName("Case 27: foreign ioasids")
    void shouldRefuseOthersIoasidsAndUnknownOnes(Maker maker) {
        try (IoasidSetup s = new IoasidSetup(maker.make())) {
            int other = s.monitor.files().open(new IoasidFd(s.machine.core));
            int foreign = s.alloc(other);
            int pasid = s.machine.core.pasids().allocate(50, 50, this).value();
            String before = s.machine.image();

            for (long ioasid : new long[] {foreign, pasid, 0, 7, 1 << 20, 0xFFFF_FFFFL}) {
                long expected = (ioasid == foreign ? Errno.EPERM : Errno.ENOENT).returned();
                assertThat(s.free(ioasid)).isEqualTo(expected);
                assertThat(s.bind(ioasid)).isEqualTo(expected);
                assertThat(s.unbind(ioasid)).isEqualTo(expected);
                assertThat(s.allow(s.first, ioasid)).isEqualTo(expected);
                assertThat(s.disallow(s.first, ioasid)).isEqualTo(expected);
            }

            assertThat(s.machine.image()).isEqualTo(before);
        }
    }

    @Test
    @DisplayName("Case 27: foreign descriptors")
    void shouldRefuseDescriptorsThatAreNotOfIoasids() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            int ioasid = s.alloc();

            for (int request : new int[] {IoasidRequests.DEVICE_ALLOW_IOASID, IoasidRequests.DEVICE_DISALLOW_IOASID}) {
                assertThat(s.call(s.first, request, IoasidSetup.device(99, ioasid)))
                        .isEqualTo(Errno.EBADF.returned());
                assertThat(s.call(s.first, request, IoasidSetup.device(-1, ioasid)))
                        .isEqualTo(Errno.EBADF.returned());
                assertThat(s.call(s.first, request, IoasidSetup.device(s.second, ioasid)))
                        .isEqualTo(Errno.EINVAL.returned());
            }
        }
    }

    @Test
    void shouldCheckSizesFlagsAndMemoryOfEveryCall() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            int ioasid = s.alloc();
            int[] calls = {
                IoasidRequests.ALLOC,
                IoasidRequests.FREE,
                IoasidRequests.BIND_PGTBL,
                IoasidRequests.UNBIND_PGTBL,
                IoasidRequests.DEVICE_ALLOW_IOASID,
                IoasidRequests.DEVICE_DISALLOW_IOASID
            };
            int[] sizes = {IoasidLayout.BYTES, 12, BindPgtblLayout.BYTES, 12, AllowLayout.BYTES, 16};
            String before = s.machine.image();

            for (int i = 0; i < calls.length; i++) {
                int of = i < 4 ? s.fd : s.first;
                for (int cut : new int[] {0, 7}) {
                    Bytes short1 =
                            Bytes.zeros(sizes[i]).with(IoasidLayout.ARGSZ, 0).cut(cut);
                    assertThat(s.call(of, calls[i], short1)).isEqualTo(Errno.EFAULT.returned());
                }
                Bytes small = Bytes.zeros(sizes[i]).with(IoasidLayout.ARGSZ, sizes[i] - 1);
                Bytes flags =
                        Bytes.zeros(sizes[i]).with(IoasidLayout.ARGSZ, sizes[i]).with(IoasidLayout.FLAGS, 4);
                Bytes cut =
                        Bytes.zeros(sizes[i]).with(IoasidLayout.ARGSZ, sizes[i]).cut(sizes[i] - 1);
                assertThat(s.call(of, calls[i], small)).isEqualTo(Errno.EINVAL.returned());
                assertThat(s.call(of, calls[i], flags)).isEqualTo(Errno.EINVAL.returned());
                assertThat(s.call(of, calls[i], cut)).isEqualTo(Errno.EFAULT.returned());
                assertThat(s.call(i < 4 ? s.first : s.fd, calls[i], flags)).isEqualTo(Errno.ENOTTY.returned());
            }

            assertThat(s.machine.image()).isEqualTo(before);
            assertThat(s.bind(ioasid)).isZero();
        }
    }

    @Test
    void shouldRefuseTablesThatTheHardwareHasNot() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            int ioasid = s.alloc();
            Bytes[] tables = {
                IoasidSetup.table(ioasid, 0x1008),
                IoasidSetup.table(ioasid, 0).with(BindPgtblLayout.ADDR_WIDTH, 39),
                IoasidSetup.table(ioasid, 0).with(BindPgtblLayout.ADDR_WIDTH, 0xFFFF_FFFFL)
            };

            for (Bytes table : tables) {
                assertThat(s.call(s.fd, IoasidRequests.BIND_PGTBL, table)).isEqualTo(Errno.EINVAL.returned());
            }

            Bytes good = IoasidSetup.table(ioasid, s.tables.root())
                    .with(BindPgtblLayout.ADDR_WIDTH, 57)
                    .with(BindPgtblLayout.FLAGS, BindPgtblLayout.SRE | BindPgtblLayout.EAFE);
            assertThat(s.call(s.fd, IoasidRequests.BIND_PGTBL, good)).isZero();
            assertThat(s.allow(s.first, ioasid)).isZero();
            long[] entry = PasidEntries.of(s.machine, s.one, ioasid);
            assertThat(PasidEntry.SRE.isSet(entry)).isTrue();
            assertThat(PasidEntry.EAFE.isSet(entry)).isTrue();
            assertThat(PasidEntry.FSPM.getInt(entry)).isOne();
        }
    }

    @Test
    void shouldNeedADevicesPasidsAndMemory() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            ModelledFunction poor = new ModelledFunction();
            poor.pasids = 0;
            int without = s.open(s.machine.device(0x20, new IommuGroup(70), poor));
            HostDevice bare = s.machine.device(0x28);
            int noMemory = s.monitor
                    .files()
                    .open(new VfioDevice(s.machine.core, bare, null).open().value());
            int ioasid = s.alloc();
            s.bind(ioasid);

            assertThat(s.allow(without, ioasid)).isEqualTo(Errno.ENODEV.returned());
            assertThat(s.allow(noMemory, ioasid)).isEqualTo(Errno.EINVAL.returned());

            s.unbind(ioasid);
            assertThat(s.allow(s.first, ioasid)).isZero();
            assertThat(s.allow(noMemory, ioasid)).isZero();
            String before = s.machine.image();
            assertThat(s.bind(ioasid)).isEqualTo(Errno.EINVAL.returned());
            assertThat(s.machine.image()).isEqualTo(before);
        }
    }

    @Test
    void shouldHaveNoneWhereNoneIsLeft() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            IoasidFd file = (IoasidFd) s.monitor.files().get(s.fd).value();
            file.context().quota(3);
            for (int i = 0; i < 3; i++) {
                s.alloc();
            }

            assertThat(s.call(s.fd, IoasidRequests.ALLOC, IoasidSetup.argument(0)))
                    .isEqualTo(Errno.ENOSPC.returned());
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldFreeTheIoasidAgainThatCannotBeWrittenBack(Maker maker) {
        try (IoasidSetup s = new IoasidSetup(maker.make())) {
            String before = s.machine.image();

            long returned = s.monitor
                    .files()
                    .get(s.fd)
                    .value()
                    .ioctl(
                            s.caller,
                            IoasidRequests.ALLOC,
                            IoasidSetup.argument(0).readOnly());

            assertThat(returned).isEqualTo(Errno.EFAULT.returned());
            assertThat(s.machine.image()).isEqualTo(before);
        }
    }

    /** Corner case 29: the call does not fit where guests choose PASIDs; the rest does. */
    @Test
    @DisplayName("Case 29")
    void shouldNotBindOneByOneOnAnSmmu() {
        try (IoasidSetup s = new IoasidSetup(ControlledMachine.smmuv3())) {
            int ioasid = s.alloc();
            assertThat(s.allow(s.first, ioasid)).isZero();
            String before = s.machine.image();

            assertThat(s.bind(ioasid)).isEqualTo(Errno.EOPNOTSUPP.returned());

            assertThat(s.machine.image()).isEqualTo(before);
            assertThat(s.disallow(s.first, ioasid)).isZero();
            assertThat(s.free(ioasid)).isZero();
        }
    }

    @Test
    void shouldGiveDevicesOfSeveralGuestsTheTableBehindTheMemoryOfEach() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            Domain other = s.machine.driver.newDomain(Domain.Kind.SECOND_STAGE);
            s.machine.driver.map(other, 0, EmulatedGuest.OFFSET, 64 << 20, 21, 3);
            HostDevice three = s.machine.device(0x20);
            s.machine.core.attach(three, IommuDriver.NO_PASID, other).value();
            int third = s.open(three);
            int ioasid = s.alloc();
            s.allow(s.first, ioasid);
            s.allow(third, ioasid);
            int domains = s.machine.driver.domainsInUse();

            assertThat(s.bind(ioasid)).isZero();

            assertThat(PasidEntry.SSPTPTR.inPlace(PasidEntries.of(s.machine, three, ioasid)))
                    .isEqualTo(root(other));
            assertThat(PasidEntry.SSPTPTR.inPlace(PasidEntries.of(s.machine, s.one, ioasid)))
                    .isEqualTo(root(s.memory));
            assertThat(s.unbind(ioasid)).isZero();
            assertThat(s.machine.driver.domainsInUse()).isEqualTo(domains);
        }
    }

    @Test
    @DisplayName("Case 27: a device never allowed")
    void shouldRefuseAndRecordDmaOfADeviceThatIsNotAllowed() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            int ioasid = s.alloc();
            s.allow(s.first, ioasid);
            s.bind(ioasid);

            assertThat(s.machine.read(0x18, ioasid, IoasidSetup.AT)).isEqualTo(-1);
            s.machine.devices.run();

            assertThat(s.machine.recorded).singleElement().satisfies(f -> {
                assertThat(f.stream()).isEqualTo(0x18);
                assertThat(f.pasid()).isEqualTo(ioasid);
            });
        }
    }

    @Test
    void shouldAnswerPageRequestsAsInvalidThatAreUnderWayAtUnbind() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            int ioasid = s.alloc();
            s.allow(s.first, ioasid);
            s.bind(ioasid);
            s.machine.askForPage(0x10, ioasid, IoasidSetup.AT + 0x1000, 3);

            assertThat(s.unbind(ioasid)).isZero();

            assertThat(s.machine.devices.responses)
                    .singleElement()
                    .satisfies(r -> assertThat(r.code()).isEqualTo(PageResponse.Code.INVALID));
        }
    }
}
