// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.guest.Sweep;
import org.iommuemu.host.ioasid.spec.IoasidRequests;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every step of every call on ioasids fails once. */
class IoasidFailureTest {
    private static final String ALL = "org.iommuemu.host.control.ControlledMachine#all";

    private static int sweep(Maker maker, Consumer<IoasidSetup> before, ToLongFunction<IoasidSetup> call) {
        return Sweep.over(
                () -> {
                    IoasidSetup s = new IoasidSetup(maker.make());
                    // Ioasid 1.
                    s.alloc();
                    before.accept(s);
                    return s;
                },
                s -> s.machine,
                call);
    }

    private static int sweepVtd(Consumer<IoasidSetup> before, ToLongFunction<IoasidSetup> call) {
        return sweep(new Maker("VT-d", ControlledMachine::vtd), before, call);
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldAllocateOrNot(Maker maker) {
        // Head, the ioasid, the result.
        assertThat(sweep(maker, s -> {}, s -> s.call(s.fd, IoasidRequests.ALLOC, IoasidSetup.argument(0))))
                .isEqualTo(3);
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldFreeOrNot(Maker maker) {
        assertThat(sweep(maker, s -> {}, s -> s.free(1))).isEqualTo(2);
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldAllowOrNot(Maker maker) {
        // Head, rest, the entry in the list.
        assertThat(sweep(maker, s -> {}, s -> s.allow(s.first, 1))).isEqualTo(3);
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldDisallowOrNot(Maker maker) {
        assertThat(sweep(maker, s -> s.allow(s.first, 1), s -> s.disallow(s.first, 1)))
                .isEqualTo(2);
    }

    @Test
    void shouldAllowWhatIsBoundOrNot() {
        // The domain and the device too.
        assertThat(sweepVtd(s -> s.bind(1), s -> s.allow(s.first, 1))).isEqualTo(5);
    }

    @Test
    void shouldBindOnAllDevicesOrOnNone() {
        int steps = sweepVtd(
                s -> {
                    s.allow(s.first, 1);
                    s.allow(s.second, 1);
                    s.allow(s.open(s.machine.device(0x20)), 1);
                },
                s -> s.bind(1));

        // Head, rest, of three devices a domain and the device.
        assertThat(steps).isEqualTo(8);
    }

    @Test
    void shouldUnbindOnAllDevicesOrOnNone() {
        int steps = sweepVtd(
                s -> {
                    s.allow(s.first, 1);
                    s.allow(s.second, 1);
                    s.bind(1);
                },
                s -> s.unbind(1));

        assertThat(steps).isEqualTo(2);
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldOpenADeviceOrNot(Maker maker) {
        List<HostDevice> closed = new ArrayList<>();
        int steps = sweep(
                maker,
                s -> {
                    HostDevice device = s.machine.device(0x20);
                    s.machine
                            .core
                            .attach(device, IommuDriver.NO_PASID, s.memory)
                            .value();
                    closed.clear();
                    closed.add(device);
                },
                s -> new VfioDevice(s.machine.core, closed.get(0), null).open().returned());

        // The file, PASIDs, ATS, two of page requests.
        assertThat(steps).isEqualTo(5);
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldOpenTheFirstSketchOrNot(Maker maker) {
        assertThat(sweep(
                        maker, s -> {}, s -> SingleIoasidFd.open(s.machine.core).returned()))
                .isOne();
    }
}
