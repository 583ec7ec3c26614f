// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.guest.spec.CarrierLayout;
import org.iommuemu.host.guest.spec.GuestRequests;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Process;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes to a container while one of its calls is at a device. */
class GuestCallsWithinCallsTest {
    /** Does something at the n-th device step of the next call. */
    private static void within(GuestSetup s, int n, Runnable action) {
        int[] count = new int[1];
        s.machine.core.failures(step -> {
            if (step == Step.DEVICE && ++count[0] == n) {
                action.run();
            }
            return false;
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void shouldLeaveNoPasidAttachedOfAnOwnerThatExitsMeanwhile(int step) {
        try (GuestSetup s = GuestSetup.vtd()) {
            EmulatedGuest.Tables tables = s.guest.tables();
            tables.map(GuestSetup.AT, GuestSetup.PAGE);
            Process heir = s.machine.processes.fork(s.monitor).value();
            int pasid = s.container.allocatePasid(1, 9).value();
            within(s, step, () -> s.machine.processes.exit(s.monitor));

            long returned = s.container.ioctl(
                    new Caller(heir),
                    GuestRequests.BIND,
                    GuestSetup.bind(CarrierLayout.BIND_GUEST_PGTBL, pasid, tables.root())
                            .buffer());
            s.machine.core.failures(FailurePlan.NONE);

            assertThat(returned).isZero();
            assertThat(s.container.bound()).isZero();
            assertThat(s.machine.core.attached(s.one, pasid)).isNull();
            assertThat(s.machine.core.attached(s.two, pasid)).isNull();
            assertThat(s.machine.read(0x10, pasid, GuestSetup.AT)).isEqualTo(-1);
            assertThat(s.machine.core.pasids().allocated()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void shouldSendCallsAwayThatComeFromWithinAnother(int step) {
        try (GuestSetup s = GuestSetup.vtd()) {
            s.bound();
            int pasid = s.container.allocatePasid(1, 9).value();
            List<Long> inner = new ArrayList<>();
            within(s, step, () -> {
                inner.add(s.bind(GuestSetup.bind(CarrierLayout.UNBIND_GUEST_PGTBL, 1, 0)));
                inner.add(s.container.detach(s.two.group()).returned());
                inner.add(s.container.freePasid(pasid).returned());
            });

            long returned = s.container
                    .bind(pasid, GuestSetup.firstStage(s.guest.tables()))
                    .returned();

            assertThat(returned).isZero();
            assertThat(inner).containsExactly(-11L, -11L, -11L);
            assertThat(s.container.bound()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void shouldCloseWhenTheCallIsOver(int step) {
        try (GuestSetup s = GuestSetup.vtd()) {
            s.bound();
            int pasid = s.container.allocatePasid(1, 9).value();
            within(s, step, () -> s.monitor.files().close(s.fd).value());

            s.container.bind(pasid, GuestSetup.firstStage(s.guest.tables())).value();

            assertThat(s.machine.core.attached(s.one, pasid)).isNull();
            assertThat(s.machine.core.attached(s.two, -1)).isNull();
            assertThat(s.machine.read(0x10, 1, GuestSetup.AT)).isEqualTo(-1);
            assertThat(s.machine.core.pasids().allocated()).isZero();
            assertThat(s.machine.driver.domainsInUse()).isZero();
        }
    }
}
