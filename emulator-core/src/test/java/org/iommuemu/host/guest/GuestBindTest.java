// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.iommuemu.host.Domain;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.guest.spec.CarrierLayout;
import org.iommuemu.host.guest.spec.GpasidBindData;
import org.iommuemu.host.guest.spec.GuestRequests;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.vtd.spec.PasidEntry;
import org.junit.jupiter.api.DisplayName;
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
    void shouldSayThatThereIsNoDomainIdForATableOrAContainer() {
        try (GuestSetup s = GuestSetup.vtd()) {
            int pasid = s.container.allocatePasid(5, 9).value();
            Result<Domain> made = s.machine.core.newDomain(Domain.Kind.SECOND_STAGE);
            Domain last = made.value();
            while (made.isOk()) {
                last = made.value();
                made = s.machine.core.newDomain(Domain.Kind.SECOND_STAGE);
            }
            String before = s.machine.tables();

            assertThat(s.bind(GuestSetup.bind(BIND, pasid, ROOT))).isEqualTo(Errno.ENOSPC.returned());
            assertThat(s.containers.open(s.caller, GuestOptions.STANDARD).errno())
                    .isEqualTo(Errno.ENOSPC);

            assertThat(s.machine.tables()).isEqualTo(before);
            s.machine.driver.free(last);
            assertThat(s.bind(GuestSetup.bind(BIND, pasid, ROOT))).isZero();
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
    @DisplayName("Case 25: refused")
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
    @DisplayName("Case 25: a second table")
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
}
