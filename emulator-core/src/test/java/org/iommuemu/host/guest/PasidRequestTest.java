// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.guest.spec.GuestRequests;
import org.iommuemu.host.guest.spec.PasidRequestLayout;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.host.process.Process;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Corner cases 23 and 24, and each row of the rules of PASID requests. */
class PasidRequestTest {
    private static final String ALL = "org.iommuemu.host.control.ControlledMachine#all";
    private static final int ALLOC = PasidRequestLayout.ALLOC;
    private static final int FREE = PasidRequestLayout.FREE;
    private static final GuestOptions UNION = GuestOptions.STANDARD.with(PasidDialect.UNION);

    private static long free(GuestSetup s, long pasid) {
        return s.pasid(GuestSetup.pasids(FREE, pasid, pasid));
    }

    @ParameterizedTest
    @MethodSource(ALL)
    @DisplayName("Case 23: both operations or none")
    void shouldRefuseBothOperationsOrNoneOrOthers(Maker maker) {
        try (GuestSetup s = new GuestSetup(maker.make(), UNION)) {
            String before = s.machine.image();

            for (int flags : new int[] {0, ALLOC | FREE, 4, ALLOC | 4, FREE | 1 << 31, -1}) {
                assertThat(s.pasid(GuestSetup.pasids(flags, 1, 9))).isEqualTo(Errno.EINVAL.returned());
            }

            assertThat(s.machine.image()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldAllocateTheLowestOfARangeAndWriteItBack(Maker maker) {
        try (GuestSetup s = new GuestSetup(maker.make(), UNION)) {
            Bytes first = GuestSetup.pasids(ALLOC, 0, 5);
            Bytes second = GuestSetup.pasids(ALLOC, 7, 0xFFFF_FFFFL);

            assertThat(s.pasid(first)).isZero();
            assertThat(s.pasid(second)).isZero();

            assertThat(first.get(PasidRequestLayout.RESULT)).isEqualTo(1);
            assertThat(second.get(PasidRequestLayout.RESULT)).isEqualTo(7);
            assertThat(free(s, 1)).isZero();
            assertThat(s.pasid(first)).isZero();
            assertThat(first.get(PasidRequestLayout.RESULT)).isEqualTo(1);
        }
    }

    @Test
    void shouldReturnThePasidByTheLaterForm() {
        try (GuestSetup s = GuestSetup.vtd()) {
            Bytes request = GuestSetup.pasids(ALLOC, 40, 41)
                    .with(PasidRequestLayout.ARGSZ, PasidRequestLayout.RANGE_BYTES)
                    .cut(PasidRequestLayout.RANGE_BYTES);

            assertThat(s.pasid(request)).isEqualTo(40);
            assertThat(s.pasid(request)).isEqualTo(41);
            assertThat(s.pasid(request)).isEqualTo(Errno.ENOSPC.returned());
        }
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("Case 23: an empty range")
    void shouldRefuseAnEmptyRange(PasidDialect dialect) {
        try (GuestSetup s = GuestSetup.vtd(GuestOptions.STANDARD.with(dialect))) {
            String before = s.machine.image();
            assertThat(s.pasid(GuestSetup.pasids(ALLOC, 6, 5))).isEqualTo(Errno.EINVAL.returned());
            assertThat(s.pasid(GuestSetup.pasids(ALLOC, 0x8000_0000L, 1))).isEqualTo(Errno.EINVAL.returned());
            assertThat(s.pasid(GuestSetup.pasids(ALLOC, 0xFFFF_FFFFL, 1 << 20))).isEqualTo(Errno.EINVAL.returned());
            assertThat(s.machine.image()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("Case 23: none is left")
    void shouldHaveNoneWhereNoneIsLeft(PasidDialect dialect) {
        try (GuestSetup s = GuestSetup.vtd(GuestOptions.STANDARD.with(dialect))) {
            s.pasid(GuestSetup.pasids(ALLOC, 5, 6));
            s.pasid(GuestSetup.pasids(ALLOC, 5, 6));
            String before = s.machine.image();

            assertThat(s.pasid(GuestSetup.pasids(ALLOC, 5, 6))).isEqualTo(Errno.ENOSPC.returned());
            assertThat(s.pasid(GuestSetup.pasids(ALLOC, 1 << 20, 0xFFFF_FFFFL))).isEqualTo(Errno.ENOSPC.returned());
            assertThat(s.pasid(GuestSetup.pasids(ALLOC, 0, 0))).isEqualTo(Errno.ENOSPC.returned());
            assertThat(s.machine.image()).isEqualTo(before);
        }
    }

    @Test
    void shouldHaveAThousandForAProcessWhateverItsContainers() {
        try (GuestSetup s = GuestSetup.vtd()) {
            GuestContainer second =
                    s.containers.open(s.caller, GuestOptions.STANDARD).value();
            second.attach(s.machine.device(0x20).group()).value();
            for (int i = 1; i <= 500; i++) {
                assertThat(s.container.allocatePasid(1, 9999).value()).isEqualTo(2 * i - 1);
                assertThat(second.allocatePasid(1, 9999).value()).isEqualTo(2 * i);
            }

            assertThat(second.allocatePasid(1, 9999).errno()).isEqualTo(Errno.ENOSPC);
            assertThat(s.container.allocatePasid(1, 9999).errno()).isEqualTo(Errno.ENOSPC);

            assertThat(second.freePasid(77).isOk()).isTrue();
            assertThat(s.container.allocatePasid(1, 9999).value()).isEqualTo(77);
            s.container.quota(1001);
            assertThat(s.container.allocatePasid(1, 9999).value()).isEqualTo(1001);
        }
    }

    @Test
    void shouldGiveAPasidToOneOwnerInTheWholeSystem() {
        try (GuestSetup s = GuestSetup.vtd()) {
            Caller other = new Caller(s.machine.processes.start(Credentials.user(1001)));
            GuestContainer foreign = s.containers
                    .open(other, GuestOptions.STANDARD.with(PasidDialect.UNION))
                    .value();
            foreign.attach(s.machine.device(0x20).group()).value();
            int mine = s.container.allocatePasid(1, 10).value();

            int its = foreign.allocatePasid(1, 10).value();

            assertThat(its).isNotEqualTo(mine);
            assertThat(foreign.ioctl(
                            other,
                            GuestRequests.PASID_REQUEST,
                            GuestSetup.pasids(FREE, mine, 0).buffer()))
                    .isEqualTo(Errno.EINVAL.returned());
            assertThat(s.container.freePasids(0, 0xFFFF_FFFFL).isOk()).isTrue();
            assertThat(s.machine.core.pasids().owner(mine)).isNull();
            assertThat(s.machine.core.pasids().owner(its)).isNotNull();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 2, 1 << 20, 0xFFFF_FFFFL})
    @DisplayName("Case 23: free what is another's")
    void shouldRefuseToFreeWhatIsNotOwned(long pasid) {
        try (GuestSetup s = GuestSetup.vtd(UNION)) {
            s.pasid(GuestSetup.pasids(ALLOC, 1, 1));
            String before = s.machine.image();

            assertThat(free(s, pasid)).isEqualTo(Errno.EINVAL.returned());
            assertThat(s.container.freePasids(2, 0xFFFF_FFFFL).isOk()).isTrue();
            assertThat(s.machine.image()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("Case 23: free while bound")
    void shouldNotFreeWhatIsBoundNorAnythingWithIt(PasidDialect dialect) {
        try (GuestSetup s = GuestSetup.vtd(GuestOptions.STANDARD.with(dialect))) {
            s.container.allocatePasid(1, 1).value();
            int pasid = s.bound();
            String before = s.machine.image();

            long returned = s.pasid(GuestSetup.pasids(FREE, dialect == PasidDialect.UNION ? pasid : 0, 100));

            assertThat(returned).isEqualTo(Errno.EBUSY.returned());
            assertThat(s.machine.image()).isEqualTo(before);
            s.container.unbind(pasid).value();
            assertThat(s.container.freePasids(0, 100).isOk()).isTrue();
            assertThat(s.machine.core.pasids().allocated()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    @DisplayName("Case 24")
    void shouldTakeThePasidBackWhenItCannotBeWrittenBack(Maker maker) {
        try (GuestSetup s = new GuestSetup(maker.make(), UNION)) {
            String before = s.machine.image();
            Bytes request = GuestSetup.pasids(ALLOC, 1, 9);

            long readOnly = s.call(GuestRequests.PASID_REQUEST, request.readOnly());
            long cut = s.pasid(request.cut(PasidRequestLayout.RESULT.offset() + 2));

            assertThat(readOnly).isEqualTo(Errno.EFAULT.returned());
            assertThat(cut).isEqualTo(Errno.EFAULT.returned());
            assertThat(s.machine.image()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldFaultBeforeItLooksAtSizes(PasidDialect dialect) {
        try (GuestSetup s = GuestSetup.vtd(GuestOptions.STANDARD.with(dialect))) {
            long least =
                    dialect == PasidDialect.UNION ? PasidRequestLayout.UNION_BYTES : PasidRequestLayout.RANGE_BYTES;

            assertThat(s.call(GuestRequests.PASID_REQUEST, UserBuffer.NULL)).isEqualTo(Errno.EFAULT.returned());
            assertThat(s.pasid(GuestSetup.pasids(ALLOC, 1, 9)
                            .with(PasidRequestLayout.ARGSZ, 0)
                            .cut(7)))
                    .isEqualTo(Errno.EFAULT.returned());
            for (long size = 0; size < least; size++) {
                assertThat(s.pasid(GuestSetup.pasids(ALLOC, 1, 9).with(PasidRequestLayout.ARGSZ, size)))
                        .isEqualTo(Errno.EINVAL.returned());
            }
            assertThat(s.pasid(GuestSetup.pasids(ALLOC, 1, 9).cut(15))).isEqualTo(Errno.EFAULT.returned());
            assertThat(s.machine.core.pasids().allocated()).isZero();
            assertThat(s.pasid(GuestSetup.pasids(ALLOC, 1, 9).with(PasidRequestLayout.ARGSZ, 4096)))
                    .isNotNegative();
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldNeedDevicesAndNesting(PasidDialect dialect) {
        try (GuestSetup s = GuestSetup.vtd()) {
            GuestOptions options = GuestOptions.STANDARD.with(dialect);
            GuestContainer empty = s.containers.open(s.caller, options).value();
            GuestContainer plain =
                    s.containers.open(s.caller, options.withoutNesting()).value();
            plain.attach(s.machine.device(0x20).group()).value();
            Errno expected = dialect == PasidDialect.UNION ? Errno.EINVAL : Errno.EOPNOTSUPP;

            assertThat(empty.allocatePasid(1, 9).errno()).isEqualTo(expected);
            assertThat(plain.allocatePasid(1, 9).errno()).isEqualTo(expected);
            assertThat(plain.freePasids(1, 9).errno()).isEqualTo(expected);
        }
    }

    @Test
    void shouldHaveNoHostPasidsForGuestsOnAnSmmuByTheLaterForm() {
        try (GuestSetup s = new GuestSetup(ControlledMachine.smmuv3(), GuestOptions.STANDARD)) {
            assertThat(s.pasid(GuestSetup.pasids(ALLOC, 1, 9))).isEqualTo(Errno.EOPNOTSUPP.returned());
        }
    }

    @Test
    void shouldUnbindAndFreeAllWhenTheOwnerExits() {
        try (GuestSetup s = GuestSetup.vtd()) {
            Process child = s.machine.processes.fork(s.monitor).value();
            String before = s.machine.tables();
            int pasid = s.bound();
            s.container.allocatePasid(50, 60).value();
            assertThat(s.machine.read(0x10, pasid, GuestSetup.AT)).isPositive();

            s.machine.processes.exit(s.monitor);

            assertThat(s.machine.read(0x10, pasid, GuestSetup.AT)).isEqualTo(-1);
            assertThat(s.machine.read(0x10, IommuDriver.NO_PASID, 0)).isEqualTo(EmulatedGuest.OFFSET);
            assertThat(s.machine.core.pasids().allocated()).isZero();
            assertThat(s.machine.tables()).isEqualTo(before);
            assertThat(s.container.allocatePasid(1, 9).errno()).isEqualTo(Errno.ESRCH);
            s.machine.processes.exit(child);
            assertThat(s.machine.core.attached(s.one, IommuDriver.NO_PASID)).isNull();
        }
    }

    @Test
    void shouldFreeAllWithTheLastContainer() {
        try (GuestSetup s = GuestSetup.vtd()) {
            GuestContainer second =
                    s.containers.open(s.caller, GuestOptions.STANDARD).value();
            int other = s.monitor.files().open(second);
            int pasid = s.bound();

            s.monitor.files().close(s.fd).value();
            assertThat(s.machine.read(0x10, pasid, GuestSetup.AT)).isEqualTo(-1);
            assertThat(s.machine.core.pasids().allocated()).isOne();
            s.monitor.files().close(other).value();

            assertThat(s.machine.core.pasids().allocated()).isZero();
            assertThat(s.machine.driver.domainsInUse()).isZero();
            assertThat(s.machine.function(s.one).usesPasids()).isFalse();
        }
    }
}
