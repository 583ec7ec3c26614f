// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.control.ModelledFunction;
import org.iommuemu.host.guest.spec.CarrierLayout;
import org.iommuemu.host.guest.spec.GpasidBindData;
import org.iommuemu.host.guest.spec.GuestRequests;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.vtd.spec.PasidEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Corner case 25, and each row of the rules of guests' page tables. */
class GuestBindTest {
    private static final int BIND = CarrierLayout.BIND_GUEST_PGTBL;
    private static final int UNBIND = CarrierLayout.UNBIND_GUEST_PGTBL;
    private static final int DATA = CarrierLayout.DATA;
    private static final long ROOT = 0x20_0000;

    @Test
    void shouldNestTheGuestsTablesOnAllDevices() {
        try (GuestSetup s = GuestSetup.vtd()) {
            EmulatedGuest.Tables tables = s.guest.tables();
            tables.map(GuestSetup.AT, GuestSetup.PAGE);
            int pasid = s.container.allocatePasid(5, 9).value();
            String before = s.machine.tables();

            long returned = s.bind(GuestSetup.bind(BIND, pasid, tables.root()));

            assertThat(returned).isZero();
            for (HostDevice d : new HostDevice[] {s.one, s.two}) {
                long[] entry = PasidEntries.of(s.machine, d, pasid);
                assertThat(PasidEntry.P.isSet(entry)).isTrue();
                assertThat(PasidEntry.PGTT.getInt(entry)).isEqualTo(3);
                assertThat(PasidEntry.FSPTPTR.inPlace(entry)).isEqualTo(tables.root());
                assertThat(PasidEntry.SSPTPTR.inPlace(entry))
                        .isEqualTo(Objects.requireNonNull(s.container.memory().tables())
                                .root());
                assertThat(PasidEntry.DID.getInt(entry))
                        .isNotEqualTo(s.container.memory().id())
                        .isEqualTo(Objects.requireNonNull(s.machine.core.attached(d, pasid))
                                .id());
                assertThat(PasidEntry.SRE.isSet(entry)).isFalse();
                assertThat(s.machine.read(d.stream(), pasid, GuestSetup.AT + 8))
                        .isEqualTo(EmulatedGuest.OFFSET + GuestSetup.PAGE + 8);
            }
            assertThat(s.bind(GuestSetup.bind(UNBIND, pasid, 0))).isZero();
            assertThat(s.machine.tables()).isEqualTo(before);
            assertThat(s.machine.read(0x10, pasid, GuestSetup.AT)).isEqualTo(-1);
        }
    }

    @Test
    void shouldPassOnWhatTheGuestWantsOfTheHardware() {
        try (GuestSetup s = GuestSetup.vtd()) {
            EmulatedGuest.Tables tables = s.guest.tables(57);
            tables.map(1L << 52 | 0x1000, GuestSetup.PAGE);
            int pasid = s.container.allocatePasid(5, 9).value();

            long returned = s.bind(GuestSetup.bind(BIND, pasid, tables.root())
                    .with(DATA, GpasidBindData.ADDR_WIDTH, 57)
                    .with(DATA, GpasidBindData.BIND_FLAGS, GpasidBindData.GPASID_VAL)
                    .with(DATA, GpasidBindData.GPASID, 1234)
                    .with(DATA, GpasidBindData.VTD_FLAGS, GpasidBindData.SRE | GpasidBindData.EAFE));

            assertThat(returned).isZero();
            long[] entry = PasidEntries.of(s.machine, s.one, pasid);
            assertThat(PasidEntry.FSPM.getInt(entry)).isOne();
            assertThat(PasidEntry.SRE.isSet(entry)).isTrue();
            assertThat(PasidEntry.EAFE.isSet(entry)).isTrue();
            assertThat(s.machine.read(0x18, pasid, 1L << 52 | 0x1234))
                    .isEqualTo(EmulatedGuest.OFFSET + GuestSetup.PAGE + 0x234);
        }
    }

    private static Arguments bad(String what, UnaryOperator<Bytes> change) {
        return Arguments.of(what, change);
    }

    private static Arguments bad(StructureField field, long value) {
        return bad(
                field.name() + " " + Long.toHexString(value),
                b -> b.with(
                        field.equals(CarrierLayout.ARGSZ) || field.equals(CarrierLayout.FLAGS) ? 0 : DATA,
                        field,
                        value));
    }

    static Stream<Arguments> invalid() {
        return Stream.of(
                bad(CarrierLayout.FLAGS, 0),
                bad(CarrierLayout.FLAGS, BIND | UNBIND),
                bad(CarrierLayout.FLAGS, 4),
                bad(CarrierLayout.FLAGS, BIND | 1L << 31),
                bad("outer argsz 0", b -> b.with(CarrierLayout.ARGSZ, 0)),
                bad("outer argsz 7", b -> b.with(CarrierLayout.ARGSZ, 7)),
                bad("outer argsz 63", b -> b.with(CarrierLayout.ARGSZ, 63)),
                bad("outer argsz less than the data's", b -> b.with(CarrierLayout.ARGSZ, 79)),
                bad("inner argsz 55", b -> b.with(DATA, GpasidBindData.ARGSZ, 55)),
                bad("inner argsz without what is VT-d's", b -> b.with(DATA, GpasidBindData.ARGSZ, 71)),
                bad(GpasidBindData.VERSION, 0),
                bad(GpasidBindData.VERSION, 2),
                bad(GpasidBindData.FORMAT, 0),
                bad(GpasidBindData.FORMAT, 2),
                bad(GpasidBindData.BIND_FLAGS, 2),
                bad(GpasidBindData.BIND_FLAGS, 1L << 32),
                bad(GpasidBindData.BIND_FLAGS, 1L << 63 | 1),
                bad(GpasidBindData.PADDING, 1),
                bad(GpasidBindData.PADDING, 1L << 56),
                bad(GpasidBindData.VTD_FLAGS, 1 << 6),
                bad(GpasidBindData.VTD_FLAGS, 1L << 40),
                bad(GpasidBindData.VTD_FLAGS, GpasidBindData.PCD),
                bad(GpasidBindData.VTD_FLAGS, GpasidBindData.PWT),
                bad(GpasidBindData.VTD_FLAGS, GpasidBindData.EMTE),
                bad(GpasidBindData.VTD_FLAGS, GpasidBindData.CD),
                bad(GpasidBindData.ADDR_WIDTH, 0),
                bad(GpasidBindData.ADDR_WIDTH, 39),
                bad(GpasidBindData.ADDR_WIDTH, 64),
                bad(GpasidBindData.ADDR_WIDTH, 0xFFFF_FFFFL),
                bad(GpasidBindData.GPGD, ROOT + 8),
                bad(GpasidBindData.HPASID, 0),
                bad(GpasidBindData.HPASID, 6),
                bad(GpasidBindData.HPASID, 1L << 20 | 5),
                bad(GpasidBindData.HPASID, 1L << 32 | 5),
                bad(GpasidBindData.HPASID, -1));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("invalid")
    void shouldRefuse(String what, UnaryOperator<Bytes> change) {
        try (GuestSetup s = GuestSetup.vtd()) {
            int pasid = s.container.allocatePasid(5, 5).value();
            String before = s.machine.image();

            long returned = s.bind(change.apply(GuestSetup.bind(BIND, pasid, ROOT)));

            assertThat(returned).isEqualTo(Errno.EINVAL.returned());
            assertThat(s.machine.image()).isEqualTo(before);
            assertThat(s.container.bound()).isZero();
            assertThat(s.bind(GuestSetup.bind(BIND, pasid, ROOT))).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 7, 8, 63, 64, 79})
    void shouldFaultWhereTheCallersMemoryEnds(int bytes) {
        try (GuestSetup s = GuestSetup.vtd()) {
            int pasid = s.container.allocatePasid(5, 5).value();
            String before = s.machine.image();

            assertThat(s.bind(GuestSetup.bind(BIND, pasid, ROOT).cut(bytes))).isEqualTo(Errno.EFAULT.returned());
            assertThat(s.call(GuestRequests.BIND, UserBuffer.NULL)).isEqualTo(Errno.EFAULT.returned());

            assertThat(s.machine.image()).isEqualTo(before);
        }
    }

    @Test
    void shouldAcceptMoreBytesThanItKnows() {
        try (GuestSetup s = GuestSetup.vtd()) {
            int pasid = s.container.allocatePasid(5, 5).value();
            Bytes large = GuestSetup.bind(BIND, pasid, ROOT)
                    .with(CarrierLayout.ARGSZ, 4096)
                    .with(DATA, GpasidBindData.ARGSZ, 4088);

            assertThat(s.bind(large)).isZero();
            assertThat(s.bind(GuestSetup.bind(UNBIND, pasid, 0)
                            .with(CarrierLayout.ARGSZ, 64)
                            .with(DATA, GpasidBindData.ARGSZ, 56)
                            .cut(64)))
                    .isZero();
        }
    }

    @Test
    void shouldRefuseAnotherTableWhereThereIsOne() {
        try (GuestSetup s = GuestSetup.vtd()) {
            int pasid = s.bound();
            String before = s.machine.image();

            assertThat(s.bind(GuestSetup.bind(BIND, pasid, ROOT))).isEqualTo(Errno.EBUSY.returned());

            assertThat(s.machine.image()).isEqualTo(before);
            assertThat(s.machine.read(0x10, pasid, GuestSetup.AT)).isEqualTo(EmulatedGuest.OFFSET + GuestSetup.PAGE);
        }
    }

    @Test
    void shouldRefuseAnothersPasid() {
        try (GuestSetup s = GuestSetup.vtd()) {
            Caller other = new Caller(s.machine.processes.start(Credentials.user(1001)));
            GuestContainer foreign =
                    s.containers.open(other, GuestOptions.STANDARD).value();
            foreign.attach(s.machine.device(0x20).group()).value();
            int pasid = s.bound();

            Bytes bind = GuestSetup.bind(BIND, pasid, ROOT);
            Bytes unbind = GuestSetup.bind(UNBIND, pasid, ROOT);

            assertThat(foreign.ioctl(other, GuestRequests.BIND, bind.buffer())).isEqualTo(Errno.EINVAL.returned());
            assertThat(foreign.ioctl(other, GuestRequests.BIND, unbind.buffer()))
                    .isEqualTo(Errno.EINVAL.returned());
            assertThat(s.container.bound()).isOne();
        }
    }

    @Test
    void shouldNotUnbindWhatIsNotBound() {
        try (GuestSetup s = GuestSetup.vtd()) {
            int pasid = s.bound();
            int free = s.container.allocatePasid(9, 9).value();

            assertThat(s.bind(GuestSetup.bind(UNBIND, free, 0))).isEqualTo(Errno.ESRCH.returned());
            assertThat(s.bind(GuestSetup.bind(UNBIND, 50, 0))).isEqualTo(Errno.EINVAL.returned());
            assertThat(s.bind(GuestSetup.bind(UNBIND, pasid, 0))).isZero();
            assertThat(s.bind(GuestSetup.bind(UNBIND, pasid, 0))).isEqualTo(Errno.ESRCH.returned());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void shouldUndoWhatWasDoneWhenADeviceFails(int step) {
        try (GuestSetup s = GuestSetup.vtd()) {
            HostDevice three = s.machine.device(0x20);
            s.container.attach(three.group()).value();
            int pasid = s.container.allocatePasid(5, 5).value();
            String before = s.machine.image();

            // The domain, then each device.
            FailurePlan.Counting plan = FailurePlan.nth(step);
            s.machine.core.failures(plan);
            Errno error = s.container
                    .bind(pasid, new GuestTables.FirstStage(ROOT, false, false, false))
                    .errno();

            assertThat(error).isEqualTo(Errno.EIO);
            assertThat(plan.hasFailed()).isTrue();
            assertThat(s.machine.image()).isEqualTo(before);
        }
    }

    @Test
    void shouldNeedPasidsOfEveryDevice() {
        try (GuestSetup s = GuestSetup.vtd()) {
            ModelledFunction poor = new ModelledFunction();
            poor.hasPageRequests = false;
            HostDevice three = s.machine.device(0x20, new IommuGroup(70), poor);
            s.container.attach(three.group()).value();
            int pasid = s.container.allocatePasid(5, 5).value();
            String before = s.machine.image();

            assertThat(s.bind(GuestSetup.bind(BIND, pasid, ROOT))).isEqualTo(Errno.ENODEV.returned());

            assertThat(s.machine.image()).isEqualTo(before);
            s.container.detach(three.group()).value();
            assertThat(s.bind(GuestSetup.bind(BIND, pasid, ROOT))).isZero();
            assertThat(s.container.attach(three.group()).errno()).isEqualTo(Errno.ENODEV);
            assertThat(s.machine.core.attached(three, IommuDriver.NO_PASID)).isNull();
        }
    }

    @Test
    void shouldNeedDevicesAndNesting() {
        try (GuestSetup s = GuestSetup.vtd()) {
            int pasid = s.container.allocatePasid(5, 5).value();
            GuestContainer empty =
                    s.containers.open(s.caller, GuestOptions.STANDARD).value();
            GuestContainer plain = s.containers
                    .open(s.caller, GuestOptions.STANDARD.withoutNesting())
                    .value();
            plain.attach(s.machine.device(0x20).group()).value();

            for (GuestContainer c : new GuestContainer[] {empty, plain}) {
                for (int flags : new int[] {BIND, UNBIND}) {
                    Bytes request = GuestSetup.bind(flags, pasid, ROOT);
                    assertThat(c.ioctl(s.caller, GuestRequests.BIND, request.buffer()))
                            .isEqualTo(Errno.EINVAL.returned());
                }
            }
        }
    }

    @Test
    void shouldNotBindPasidsOneByOneOnAnSmmu() {
        GuestOptions options = GuestOptions.STANDARD.with(PasidDialect.UNION);
        try (GuestSetup s = new GuestSetup(ControlledMachine.smmuv3(), options)) {
            int pasid = s.container.allocatePasid(5, 5).value();
            String before = s.machine.image();

            assertThat(s.bind(GuestSetup.bind(BIND, pasid, ROOT))).isEqualTo(Errno.EOPNOTSUPP.returned());
            assertThat(s.bind(GuestSetup.bind(UNBIND, pasid, ROOT))).isEqualTo(Errno.EOPNOTSUPP.returned());

            assertThat(s.machine.image()).isEqualTo(before);
        }
    }

    @Test
    void shouldGiveDevicesThatComeLaterWhatIsBound() {
        try (GuestSetup s = GuestSetup.vtd()) {
            int first = s.bound();
            int second = s.bound();
            HostDevice three = s.machine.device(0x20);
            String before = s.machine.image();

            // The group, its memory, three steps of SVA and one of page requests, then two PASIDs of which the last
            // fails.
            s.machine.core.failures(FailurePlan.nth(8));
            Errno error = s.container.attach(three.group()).errno();
            s.machine.core.failures(FailurePlan.NONE);
            String after = s.machine.image();
            s.container.attach(three.group()).value();

            assertThat(error).isEqualTo(Errno.EIO);
            assertThat(after).isEqualTo(before);
            assertThat(s.machine.read(0x20, first, GuestSetup.AT)).isPositive();
            assertThat(s.machine.read(0x20, second, GuestSetup.AT)).isPositive();
            s.container.detach(three.group()).value();
            assertThat(s.machine.read(0x20, first, GuestSetup.AT)).isEqualTo(-1);
            assertThat(s.machine.read(0x10, first, GuestSetup.AT)).isPositive();
            assertThat(Arrays.stream(PasidEntries.of(s.machine, three, second)).allMatch(w -> w == 0))
                    .isTrue();
        }
    }

    @Test
    void shouldForgetWhatIsBoundWithTheLastGroup() {
        try (GuestSetup s = GuestSetup.vtd()) {
            int pasid = s.bound();

            s.container.detach(s.one.group()).value();
            s.container.detach(s.two.group()).value();
            s.container.attach(s.one.group()).value();

            assertThat(s.container.bound()).isZero();
            assertThat(s.machine.read(0x10, pasid, GuestSetup.AT)).isEqualTo(-1);
            assertThat(s.container.freePasid(pasid).isOk()).isTrue();
        }
    }

    @Test
    void shouldGiveTheGuestsPageFaultsToTheMonitorAndAnswerThoseThatWaitAtUnbind() {
        try (GuestSetup s = GuestSetup.vtd()) {
            EmulatedGuest.Tables tables = s.guest.tables();
            int pasid = s.bound(tables);
            s.container.onFault(group -> {
                if (group.requests().get(0).group() == 1) {
                    tables.map(GuestSetup.AT, GuestSetup.PAGE);
                    group.respond(PageResponse.Code.SUCCESS);
                }
            });

            s.machine.askForPage(0x10, pasid, GuestSetup.AT, 1);
            s.machine.devices.run();
            s.machine.askForPage(0x10, pasid, GuestSetup.AT, 2);
            s.machine.devices.run();
            int answered = s.machine.devices.responses.size();
            s.container.unbind(pasid).value();

            assertThat(answered).isOne();
            assertThat(s.machine.devices.responses).hasSize(2);
            assertThat(s.machine.devices.responses.get(0).code()).isEqualTo(PageResponse.Code.SUCCESS);
            assertThat(s.machine.devices.responses.get(1).code()).isEqualTo(PageResponse.Code.INVALID);
            s.container.freePasid(pasid).value();
            assertThat(s.bound()).isEqualTo(pasid);
            assertThat(s.machine.devices.responses).hasSize(2);
        }
    }
}
