// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.vfio.VfioMachine.BIND;
import static org.iommuemu.host.vfio.VfioMachine.bindStructure;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.Process;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** When drivers of devices are told of PASIDs: case 21 of the corner cases. */
class PasidHookTest {
    private static final String MAKERS = "org.iommuemu.host.vfio.VfioMachine#makers";

    /** Notes what a device is told, and whether the PASID gets through at that time. */
    private static List<String> watch(VfioMachine vfio, VfioGroup group) {
        List<String> told = new ArrayList<>();
        group.devices().get(0).onPasids(new PasidHook() {
            @Override
            public void bound(int pasid) {
                told.add("bound " + pasid + through(pasid));
            }

            @Override
            public void unbound(int pasid) {
                told.add("unbound " + pasid + through(pasid));
            }

            private String through(int pasid) {
                return vfio.isRefused(group, pasid) ? ", cut off" : "";
            }
        });
        return told;
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 21")
    void shouldTellDevicesOnlyOfWhatSucceeds(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = vfio.group(0x20);
            VfioGroup silent = vfio.group(0x30);
            List<String> told = watch(vfio, a);
            List<String> other = watch(vfio, b);
            vfio.with(IommuType.TYPE1V2, a, b, silent);
            vfio.machine.function(vfio.device(silent)).hasAts = false;

            assertThat(vfio.bind(vfio.user)).isEqualTo(-19);
            vfio.machine.function(vfio.device(silent)).hasAts = true;
            assertThat(vfio.call(BIND, bindStructure(20, 1, 0, 0).asReadOnlyBuffer()))
                    .isEqualTo(-14);
            assertThat(vfio.call(BIND, bindStructure(19, 1, 0, 0))).isEqualTo(-22);
            assertThat(vfio.unbind(vfio.user)).isEqualTo(-3);
            assertThat(told).isEmpty();

            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            assertThat(told).containsExactly("bound 1");
            assertThat(vfio.unbind(vfio.user)).isZero();
            assertThat(told).containsExactly("bound 1", "unbound 1");
            assertThat(other).isEqualTo(told);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 21: groups that come and go, processes that exit")
    void shouldTellDevicesOfGroupsThatComeAndGo(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = vfio.group(0x20);
            List<String> first = watch(vfio, a);
            List<String> second = watch(vfio, b);
            vfio.with(IommuType.TYPE1V2, a);
            Process process = vfio.process();
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            assertThat(vfio.bind(process)).isEqualTo(2);

            vfio.machine.function(vfio.device(b)).pasids = 2;
            assertThat(vfio.container.attachGroup(b).isOk()).isFalse();
            assertThat(second).isEmpty();
            vfio.machine.function(vfio.device(b)).pasids = 1 << 20;
            assertThat(vfio.container.attachGroup(b).isOk()).isTrue();
            assertThat(second).containsExactly("bound 1", "bound 2");

            vfio.machine.processes.exit(process);
            assertThat(vfio.container.detachGroup(b).isOk()).isTrue();

            assertThat(second).containsExactly("bound 1", "bound 2", "unbound 2, cut off", "unbound 1");
            assertThat(first).containsExactly("bound 1", "bound 2", "unbound 2, cut off");
        }
    }
}
