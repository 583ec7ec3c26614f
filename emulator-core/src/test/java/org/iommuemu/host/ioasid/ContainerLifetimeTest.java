// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.guest.EmulatedGuest;
import org.iommuemu.host.guest.GuestContainer;
import org.iommuemu.host.guest.GuestContainers;
import org.iommuemu.host.guest.GuestOptions;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.host.process.Process;
import org.junit.jupiter.api.Test;

/** A container, a device in it and ioasids, each an open file of its own. */
class ContainerLifetimeTest {
    @Test
    void shouldKeepTheContainerWhileADeviceOfItIsOpen() {
        try (ControlledMachine m = ControlledMachine.vtd()) {
            Process monitor = m.processes.start(Credentials.user(1000));
            GuestContainer container = new GuestContainers(m.core)
                    .open(new Caller(monitor), GuestOptions.STANDARD)
                    .value();
            int fd = monitor.files().open(container);
            HostDevice device = m.device(0x10);
            container.attach(device.group()).value();
            EmulatedGuest.Tables tables = new EmulatedGuest(m, container.memory()).tables();
            tables.map(IoasidSetup.AT, IoasidSetup.PAGE);
            VfioDeviceFd opened =
                    new VfioDevice(m.core, device, container).open().value();
            int deviceFd = monitor.files().open(opened);
            IoasidFd ioasids = new IoasidFd(m.core);
            int ioasidFd = monitor.files().open(ioasids);
            int ioasid = ioasids.context().alloc().value();
            ioasids.context().bind(ioasid, IoasidSetup.firstStage(tables)).value();
            ioasids.context().allow(opened, ioasid).value();

            monitor.files().close(fd).value();

            assertThat(m.read(0x10, ioasid, IoasidSetup.AT)).isEqualTo(IoasidSetup.THERE);
            assertThat(m.read(0x10, IommuDriver.NO_PASID, 0)).isEqualTo(EmulatedGuest.OFFSET);
            monitor.files().close(deviceFd).value();
            assertThat(m.read(0x10, ioasid, IoasidSetup.AT)).isEqualTo(-1);
            assertThat(m.read(0x10, IommuDriver.NO_PASID, 0)).isEqualTo(-1);
            assertThat(m.driver.domainsInUse()).isZero();
            monitor.files().close(ioasidFd).value();
            assertThat(m.core.pasids().allocated()).isZero();
        }
    }

    @Test
    void shouldStandAContainersEndBeforeThatOfIoasidsBehindIt() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            GuestContainer container = new GuestContainers(s.machine.core)
                    .open(s.caller, GuestOptions.STANDARD)
                    .value();
            HostDevice device = s.machine.device(0x20);
            container.attach(device.group()).value();
            int fd = s.monitor.files().open(container);
            int opened = s.open(device);
            int ioasid = s.alloc();
            s.bind(ioasid);
            assertThat(s.allow(opened, ioasid)).isZero();

            s.monitor.files().close(fd).value();

            assertThat(s.machine.read(0x20, ioasid, IoasidSetup.AT)).isEqualTo(-1);
            assertThat(s.machine.read(0x20, IommuDriver.NO_PASID, 0)).isEqualTo(-1);
            assertThat(s.unbind(ioasid)).isZero();
            assertThat(s.disallow(opened, ioasid)).isZero();
            assertThat(s.free(ioasid)).isZero();
        }
    }
}
