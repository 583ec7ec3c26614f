// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.PageResponse.Code;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Attaching, replacing and detaching, as the hardware has it. */
class ControlCoreTest {
    private static final String ALL = "org.iommuemu.host.control.ControlledMachine#all";
    private static final int NONE = IommuDriver.NO_PASID;
    private static final long AT = 0x40_0000;

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldGiveAProcessesMemoryToADeviceAndLeaveNothingBehind(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = m.device(0x10);
            AddressSpace mm = m.memory(AT, 0x4000);
            String before = m.image();
            assertThat(m.core.enableSva(d).isOk()).isTrue();

            SvaHandle handle = m.core.sva().bind(d, mm).value();
            assertThat(m.read(0x10, handle.pasid(), AT)).isEqualTo(-1);
            m.askForPage(0x10, handle.pasid(), AT, 3);
            m.devices.run();

            assertThat(m.devices.responses).containsExactly(new PageResponse(0x10, handle.pasid(), 3, Code.SUCCESS));
            assertThat(m.translate(0x10, handle.pasid(), AT + 5, Access.WRITE))
                    .isEqualTo(mm.tables().physical(AT + 5))
                    .isGreaterThan(0);
            m.core.sva().unbind(handle);
            assertThat(m.read(0x10, handle.pasid(), AT)).isEqualTo(-1);
            m.core.disableSva(d);
            mm.unmap(AT, 0x4000);
            mm.put();
            assertThat(m.image().lines().filter(l -> !l.startsWith("configuration")))
                    .containsExactlyElementsOf(before.lines().toList());
            assertThat(m.staleAccesses()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldRefuseASecondDomainAndReplaceTheFirst(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = m.device(0x10);
            Domain one = m.driver.newDomain(Domain.Kind.SECOND_STAGE);
            Domain two = m.driver.newDomain(Domain.Kind.FIRST_STAGE);
            m.driver.map(one, AT, 0x10_0000, 0x1000, 12, IommuDriver.READ);
            m.driver.map(two, AT, 0x20_0000, 0x1000, 12, IommuDriver.READ);

            assertThat(m.core.attach(d, NONE, one).isOk()).isTrue();
            assertThat(m.core.attach(d, NONE, two).errno()).isEqualTo(Errno.EBUSY);
            assertThat(m.read(0x10, NONE, AT)).isEqualTo(0x10_0000);
            assertThat(m.core.replace(d, NONE, two).isOk()).isTrue();

            assertThat(m.read(0x10, NONE, AT)).isEqualTo(0x20_0000);
            m.core.detach(d, NONE);
            assertThat(m.read(0x10, NONE, AT)).isEqualTo(-1);
        }
    }
}
