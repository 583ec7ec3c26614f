// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.control.ModelledFunction;
import org.iommuemu.host.guest.spec.CarrierLayout;
import org.iommuemu.host.guest.spec.GuestRequests;
import org.iommuemu.iommu.PageResponse;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which devices guests' page tables reach: all of a container, those that come later, none for which one fails. */
class GuestBindDevicesTest {
    private static final int BIND = CarrierLayout.BIND_GUEST_PGTBL;
    private static final int UNBIND = CarrierLayout.UNBIND_GUEST_PGTBL;
    private static final long ROOT = 0x20_0000;

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    @DisplayName("Case 25: a device fails")
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
