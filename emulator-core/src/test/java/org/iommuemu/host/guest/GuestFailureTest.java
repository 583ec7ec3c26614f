// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.guest.spec.CacheInvalidateInfo;
import org.iommuemu.host.guest.spec.CarrierLayout;
import org.iommuemu.host.guest.spec.PasidRequestLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every step of every call of guests fails once. The number of steps is part of what is tested: one that is not asked would be missing. */
class GuestFailureTest {
    private static final String ALL = "org.iommuemu.host.control.ControlledMachine#all";
    private static final GuestOptions UNION = GuestOptions.STANDARD.with(PasidDialect.UNION);

    private static int sweep(Maker maker, GuestOptions options, ToLongFunction<GuestSetup> call) {
        return Sweep.over(() -> new GuestSetup(maker.make(), options), s -> s.machine, call);
    }

    private static int sweepVtd(ToLongFunction<GuestSetup> call) {
        return sweep(new Maker("VT-d", ControlledMachine::vtd), GuestOptions.STANDARD, call);
    }

    /** A setup with a PASID 1 that has tables, and a PASID 2 that has none. */
    private static GuestSetup twoPasids() {
        GuestSetup s = GuestSetup.vtd();
        s.bound();
        s.container.allocatePasid(2, 2).value();
        return s;
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldAllocateOrNot(Maker maker) {
        // Head, rest, the PASID, the result.
        assertThat(sweep(maker, UNION, s -> s.pasid(GuestSetup.pasids(PasidRequestLayout.ALLOC, 1, 9))))
                .isEqualTo(4);
    }

    @Test
    void shouldAllocateOrNotByTheLaterForm() {
        assertThat(sweepVtd(s -> s.pasid(GuestSetup.pasids(PasidRequestLayout.ALLOC, 1, 9))))
                .isEqualTo(3);
    }

    @Test
    void shouldFreeOrNot() {
        int steps = Sweep.over(
                GuestFailureTest::twoPasids,
                s -> s.machine,
                s -> s.pasid(GuestSetup.pasids(PasidRequestLayout.FREE, 2, 2)));

        assertThat(steps).isEqualTo(2);
    }

    @Test
    void shouldBindOnAllDevicesOrOnNone() {
        // Head, data, what is VT-d's, the domain, two devices.
        int steps = Sweep.over(
                GuestFailureTest::twoPasids,
                s -> s.machine,
                s -> s.bind(GuestSetup.bind(CarrierLayout.BIND_GUEST_PGTBL, 2, 0x20_0000)));

        assertThat(steps).isEqualTo(6);
    }

    @Test
    void shouldUnbindOnAllDevicesOrOnNone() {
        int steps = Sweep.over(
                GuestFailureTest::twoPasids,
                s -> s.machine,
                s -> s.bind(GuestSetup.bind(CarrierLayout.UNBIND_GUEST_PGTBL, 1, 0)));

        assertThat(steps).isEqualTo(3);
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldInvalidateOrSaySo(Maker maker) {
        int steps = Sweep.over(
                () -> new GuestSetup(maker.make(), GuestOptions.STANDARD),
                s -> s.machine,
                s -> s.invalidate(GuestSetup.invalidation(CacheInvalidateInfo.PASID_CACHE, CacheInvalidateInfo.DOMAIN)),
                ControlledMachine::tables);

        // Head, head of the data, rest, two devices.
        assertThat(steps).isEqualTo(5);
    }

    @Test
    void shouldAttachAGroupOfTwoWithAllThatIsBoundOrNot() {
        List<IommuGroup> groups = new ArrayList<>();
        int steps = Sweep.over(
                () -> {
                    GuestSetup s = GuestSetup.vtd();
                    s.bound();
                    s.bound();
                    IommuGroup group = new IommuGroup(70);
                    s.machine.device(0x20, group);
                    s.machine.device(0x21, group);
                    groups.clear();
                    groups.add(group);
                    return s;
                },
                s -> s.machine,
                s -> s.container.attach(groups.get(0)).returned());

        // The group; of two devices each the memory, PASIDs, ATS, two of page requests, two that are bound.
        assertThat(steps).isEqualTo(15);
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldOpenOrNot(Maker maker) {
        int steps = Sweep.over(
                () -> new GuestSetup(maker.make(), GuestOptions.STANDARD),
                s -> s.machine,
                s -> s.containers.open(s.caller, GuestOptions.STANDARD).returned());

        assertThat(steps).isOne();
    }
}
