// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.Domain;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.PageResponse.Code;
import org.iommuemu.smmuv3.spec.Ste;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** I/O page faults become groups, each of which is handled by whoever its PASID belongs to, and answered once. */
class IoPageFaultsTest {
    private static final String ALL = "org.iommuemu.host.control.ControlledMachine#all";
    private static final int NONE = IommuDriver.NO_PASID;
    private static final int STREAM = 0x10;
    private static final long AT = 0x40_0000;
    private static final long PAGE = 0x1000;

    private final List<FaultGroup> groups = new ArrayList<>();

    private static HostDevice enabled(ControlledMachine m) {
        HostDevice d = m.device(STREAM);
        assertThat(m.core.enableSva(d).isOk()).isTrue();
        return d;
    }

    /** A domain whose faults are kept. */
    private Domain handled(ControlledMachine m) {
        Domain domain = m.driver.newDomain(Domain.Kind.FIRST_STAGE);
        m.core.faults().handler(domain, groups::add);
        return domain;
    }

    private static PageRequest ask(int pasid, long address, boolean last, int group) {
        return new PageRequest(STREAM, pasid, address, true, false, false, false, last, group);
    }

    private static PageResponse answer(int pasid, int group, Code code) {
        return new PageResponse(STREAM, pasid, group, code);
    }

    private static void send(ControlledMachine m, PageRequest... requests) {
        for (PageRequest r : requests) {
            m.request(r);
        }
        m.devices.run();
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldGatherThePartsOfAGroupInTheirOrderAndAnswerOnceWheneverTold(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = enabled(m);
            m.core.attach(d, 5, handled(m));
            PageRequest one = ask(5, AT, false, 1);
            PageRequest two = ask(5, AT + PAGE, false, 1);
            PageRequest last = ask(5, AT, true, 1);

            send(m, one, ask(5, AT, false, 2), two, last);

            assertThat(groups).hasSize(1);
            FaultGroup group = groups.get(0);
            assertThat(group.requests()).containsExactly(one, two, last);
            assertThat(group.device()).isSameAs(d);
            assertThat(group.pasid()).isEqualTo(5);
            assertThat(m.devices.responses).isEmpty();
            group.respond(Code.SUCCESS);
            group.respond(Code.INVALID);
            m.devices.run();
            assertThat(m.devices.responses).containsExactly(answer(5, 1, Code.SUCCESS));
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldAnswerAsInvalidWhatNobodyHandles(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = enabled(m);
            m.core.attach(d, 5, m.driver.newDomain(Domain.Kind.FIRST_STAGE));

            send(m, ask(5, AT, true, 1), ask(6, AT, true, 2), ask(NONE, AT, true, 3));

            assertThat(m.devices.responses)
                    .containsExactlyInAnyOrder(
                            answer(5, 1, Code.INVALID), answer(6, 2, Code.INVALID), answer(NONE, 3, Code.INVALID));
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldHandleFaultsWithoutPasidByWhatTheDeviceIsAttachedTo(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = enabled(m);
            m.core.attach(d, NONE, handled(m));

            send(m, ask(NONE, AT, true, 3), ask(5, AT, true, 4));

            assertThat(groups).hasSize(1);
            assertThat(groups.get(0).pasid()).isEqualTo(NONE);
            assertThat(m.devices.responses).containsExactly(answer(5, 4, Code.INVALID));
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldAnswerWhatIsOutstandingWhenItIsReplacedOrDetached(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = enabled(m);
            m.core.attach(d, 5, handled(m));
            send(m, ask(5, AT, true, 1));

            m.core.replace(d, 5, handled(m));

            assertThat(m.devices.responses).containsExactly(answer(5, 1, Code.INVALID));
            groups.get(0).respond(Code.SUCCESS);
            send(m, ask(5, AT, true, 2));
            m.core.detach(d, 5);
            groups.get(1).respond(Code.SUCCESS);
            m.devices.run();
            assertThat(m.devices.responses).containsExactly(answer(5, 1, Code.INVALID), answer(5, 2, Code.INVALID));
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldBringInPagesOfAProcessUntilOneFails(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = enabled(m);
            AddressSpace mm = m.memory(AT, 3 * PAGE);
            mm.protect(AT + PAGE, PAGE, IommuDriver.READ);
            int pasid = m.core.sva().bind(d, mm).value().pasid();
            PageRequest good = new PageRequest(STREAM, pasid, AT, true, true, false, false, false, 1);
            PageRequest refused = new PageRequest(STREAM, pasid, AT + PAGE, true, true, false, false, false, 1);
            PageRequest late = new PageRequest(STREAM, pasid, AT + 2 * PAGE, true, true, false, false, true, 1);

            send(m, good, refused, late);

            assertThat(m.devices.responses).containsExactly(answer(pasid, 1, Code.INVALID));
            assertThat(mm.tables().physical(AT)).isPositive();
            assertThat(mm.tables().physical(AT + 2 * PAGE)).isEqualTo(-1);
            send(m, ask(pasid, AT + PAGE, true, 2), ask(pasid, AT + 3 * PAGE, true, 3));
            assertThat(m.devices.responses.subList(1, 3))
                    .containsExactly(answer(pasid, 2, Code.SUCCESS), answer(pasid, 3, Code.INVALID));
            assertThat(m.read(STREAM, pasid, AT + PAGE)).isPositive();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldDropAPartForWhichThereIsNoMemoryAndFailAGroup(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = enabled(m);
            m.core.attach(d, 5, handled(m));
            m.core.failures(FailurePlan.nth(1));
            send(m, ask(5, AT, false, 1), ask(5, AT + PAGE, true, 1));
            assertThat(groups.get(0).requests()).containsExactly(ask(5, AT + PAGE, true, 1));

            m.core.failures(FailurePlan.nth(2));
            send(m, ask(5, AT, false, 2), ask(5, AT + PAGE, true, 2));

            assertThat(groups).hasSize(1);
            assertThat(m.devices.responses).containsExactly(answer(5, 2, Code.FAILURE));
            // What had come of the group is not kept for the next one of that number.
            m.core.failures(FailurePlan.NONE);
            send(m, ask(5, AT, true, 2));
            assertThat(groups.get(1).requests()).hasSize(1);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldDropStopMarkers(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = enabled(m);
            m.core.attach(d, 5, handled(m));

            send(m, new PageRequest(STREAM, 5, 0, false, false, false, false, true, 0));

            assertThat(groups).isEmpty();
            assertThat(m.devices.responses).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldAddAndRemoveADevice(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = enabled(m);
            ModelledFunction none = new ModelledFunction();
            none.hasPageRequests = false;
            HostDevice without = m.device(0x18, new IommuGroup(18), none);
            m.core.attach(d, 5, handled(m));
            send(m, ask(5, AT, true, 1));

            assertThat(m.core.faults().addDevice(d).errno()).isEqualTo(Errno.EBUSY);
            assertThat(m.core.faults().addDevice(without).errno()).isEqualTo(Errno.ENODEV);
            m.core.faults().removeDevice(d);

            assertThat(m.devices.responses).containsExactly(answer(5, 1, Code.INVALID));
            assertThat(m.function(d).asksForPages()).isFalse();
            m.core.failures(step -> step == Step.ALLOCATION);
            assertThat(m.core.faults().addDevice(d).errno()).isEqualTo(Errno.ENOMEM);
            m.core.failures(FailurePlan.NONE);
            assertThat(m.core.faults().addDevice(d).isOk()).isTrue();
            send(m, ask(5, AT, true, 2));
            assertThat(groups).hasSize(2);
        }
    }

    @Test
    void shouldHandleFaultsOfAGuestsPasidsByTheGuestsDomain() {
        try (ControlledMachine m = ControlledMachine.smmuv3()) {
            HostDevice d = enabled(m);
            Domain parent = m.driver.newDomain(Domain.Kind.SECOND_STAGE);
            long abort = Ste.V.of(1);
            m.core.bindPasidTable(d, parent, new GuestTables.Contexts(abort, 0));
            m.core.faults().handler(m.core.attached(d, NONE), groups::add);

            send(m, ask(77, AT, true, 1));

            assertThat(groups).hasSize(1);
            assertThat(groups.get(0).pasid()).isEqualTo(77);
            m.core.unbindPasidTable(d);
            assertThat(m.devices.responses).containsExactly(answer(77, 1, Code.INVALID));
        }
    }
}
