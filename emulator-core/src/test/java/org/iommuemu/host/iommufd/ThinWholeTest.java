// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.iommufd.IommufdMachine.MEMORY;
import static org.iommuemu.host.iommufd.IommufdMachine.NONE;
import static org.iommuemu.host.iommufd.IommufdMachine.PAGE;

import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.iommufd.spec.HwptStructures.Alloc;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a program does with a device from the beginning to the end. */
class ThinWholeTest {
    static final String ALL = "org.iommuemu.host.control.ControlledMachine#all";

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldMapMemoryForADeviceAndItsPasidsAndLeaveNothingBehind(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            m.machine.device(0x10);
            String before = m.image();
            IommufdMachine.Device d = m.bind(m.machine.device(0x10));
            int ioas = m.ioas();
            assertThat(m.map(ioas, MEMORY, 4 * PAGE, 0x20_0000)).isZero();
            assertThat(m.space.lockedBytes()).isZero();
            int table = m.hwpt(Alloc.PASID, d.id(), ioas);
            assertThat(m.space.lockedBytes()).isEqualTo(4 * PAGE);

            assertThat(d.attach(table)).isZero();
            assertThat(d.attach(7, table)).isZero();

            assertThat(d.read(0x20_1234)).isEqualTo(m.physical(MEMORY + 0x1234)).isGreaterThan(0);
            assertThat(d.read(7, 0x20_3FFF)).isEqualTo(m.physical(MEMORY + 0x3FFF));
            assertThat(d.read(8, 0x20_0000)).isEqualTo(-1);
            assertThat(m.unmap(ioas, 0x20_0000, 4 * PAGE)).isZero();
            assertThat(d.read(0x20_1234)).isEqualTo(-1);
            assertThat(d.detach(7)).isZero();
            assertThat(d.detach(NONE)).isZero();
            d.close();
            assertThat(m.destroy(table)).isZero();
            assertThat(m.destroy(ioas)).isZero();
            m.space.unmap(MEMORY, 4 * PAGE);
            assertThat(m.image()).isEqualTo(before);
            assertThat(m.machine.staleAccesses()).isZero();
        }
    }
}
