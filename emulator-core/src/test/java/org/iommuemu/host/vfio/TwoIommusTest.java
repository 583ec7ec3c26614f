// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.process.Process;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A container with groups behind two IOMMUs: a PASID is the same on both, or there is none. */
class TwoIommusTest {
    private static final String MAKERS = "org.iommuemu.host.vfio.VfioMachine#makers";

    private static VfioGroup behind(ControlledMachine other) {
        IommuGroup group = new IommuGroup(200);
        HostDevice device = other.device(0x20, group);
        assertThat(device.group()).isSameAs(group);
        return new VfioGroup(other.core, group);
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldGiveAProcessOnePasidOnBoth(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker);
                ControlledMachine other = maker.make()) {
            VfioGroup here = vfio.group(0x10);
            VfioGroup there = behind(other);
            vfio.with(IommuType.TYPE1V2, here, there);
            String before = other.image();

            assertThat(vfio.container.domains()).isEqualTo(2);
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);

            assertThat(vfio.machine.core.attached(vfio.device(here), 1)).isNotNull();
            assertThat(other.core.attached(vfio.device(there), 1)).isNotNull();
            assertThat(other.core.pasids().allocated()).isEqualTo(1);
            vfio.machine.processes.exit(vfio.user);
            assertThat(other.core.attached(vfio.device(there), 1)).isNull();
            assertThat(other.core.pasids().allocated()).isZero();
            other.core.disableSva(vfio.device(there));
            assertThat(other.image()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldNotTakeAPasidThatIsTakenOnTheOther(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker);
                ControlledMachine other = maker.make()) {
            VfioGroup here = vfio.group(0x10);
            VfioGroup there = behind(other);
            vfio.with(IommuType.TYPE1V2, here);
            Process second = vfio.process();
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            assertThat(vfio.bind(second)).isEqualTo(2);
            other.core.pasids().allocate(2, 2, this).value();
            String before = other.image();

            assertThat(vfio.container.attachGroup(there).errno()).isEqualTo(Errno.EBUSY);

            assertThat(other.image()).isEqualTo(before);
            assertThat(vfio.reaches(here, 2, second)).isTrue();
            assertThat(vfio.unbind(second)).isZero();
            assertThat(vfio.container.attachGroup(there)).isEqualTo(Result.done());
            String attached = vfio.image();
            assertThat(vfio.bind(second)).isEqualTo(-16);
            assertThat(vfio.image()).isEqualTo(attached);
            assertThat(vfio.container.bonds()).isEqualTo(1);
        }
    }
}
