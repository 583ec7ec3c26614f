// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid;

import org.iommuemu.host.Domain;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.guest.Bytes;
import org.iommuemu.host.guest.EmulatedGuest;
import org.iommuemu.host.ioasid.spec.AllowLayout;
import org.iommuemu.host.ioasid.spec.BindPgtblLayout;
import org.iommuemu.host.ioasid.spec.IoasidLayout;
import org.iommuemu.host.ioasid.spec.IoasidRequests;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.host.process.OpenFile;
import org.iommuemu.host.process.Process;

/** A virtual machine's monitor with /dev/ioasid and two devices open, which have a guest's memory. */
final class IoasidSetup implements AutoCloseable {
    static final long AT = 0x5555_0000_1000L;
    static final long PAGE = 0x40_0000;
    /** Where {@link #AT} leads to. */
    static final long THERE = EmulatedGuest.OFFSET + PAGE;

    final ControlledMachine machine;
    final Process monitor;
    final Caller caller;
    final HostDevice one;
    final HostDevice two;
    final Domain memory;
    final EmulatedGuest guest;
    final EmulatedGuest.Tables tables;
    final int fd;
    final int first;
    final int second;

    IoasidSetup(ControlledMachine machine) {
        this.machine = machine;
        monitor = machine.processes.start(Credentials.user(1000));
        caller = new Caller(monitor);
        one = machine.device(0x10);
        two = machine.device(0x18);
        memory = machine.driver.newDomain(Domain.Kind.SECOND_STAGE);
        guest = new EmulatedGuest(machine, memory);
        tables = guest.tables();
        tables.map(AT, PAGE);
        fd = monitor.files().open(new IoasidFd(machine.core));
        first = open(one);
        second = open(two);
    }

    static IoasidSetup vtd() {
        return new IoasidSetup(ControlledMachine.vtd());
    }

    /** Opens a device that has the guest's memory, and is attached to it if it is not. */
    int open(HostDevice device) {
        if (machine.core.attached(device, IommuDriver.NO_PASID) == null) {
            machine.core.attach(device, IommuDriver.NO_PASID, memory).value();
        }
        return monitor.files()
                .open(new VfioDevice(machine.core, device, null).open().value());
    }

    long call(int of, int request, Bytes argument) {
        return call(caller, of, request, argument);
    }

    static long call(Caller by, int of, int request, Bytes argument) {
        OpenFile file = by.process().files().get(of).value();
        return file.ioctl(by, request, argument.buffer());
    }

    static Bytes argument(long ioasid) {
        return Bytes.zeros(IoasidLayout.BYTES)
                .with(IoasidLayout.ARGSZ, IoasidLayout.BYTES)
                .with(IoasidLayout.IOASID, ioasid);
    }

    static Bytes table(long ioasid, long root) {
        return Bytes.zeros(BindPgtblLayout.BYTES)
                .with(BindPgtblLayout.ARGSZ, BindPgtblLayout.BYTES)
                .with(BindPgtblLayout.IOASID, ioasid)
                .with(BindPgtblLayout.ADDR_WIDTH, 48)
                .with(BindPgtblLayout.PGTBL, root);
    }

    static Bytes device(int fd, long ioasid) {
        return Bytes.zeros(AllowLayout.BYTES)
                .with(AllowLayout.ARGSZ, AllowLayout.BYTES)
                .with(AllowLayout.IOASID_FD, fd)
                .with(AllowLayout.IOASID, ioasid);
    }

    int alloc() {
        return alloc(fd);
    }

    int alloc(int of) {
        Bytes answer = argument(0);
        if (call(of, IoasidRequests.ALLOC, answer) != 0) {
            throw new AssertionError("no ioasid");
        }
        return (int) answer.get(IoasidLayout.IOASID);
    }

    long free(long ioasid) {
        return call(fd, IoasidRequests.FREE, argument(ioasid));
    }

    long bind(long ioasid) {
        return call(fd, IoasidRequests.BIND_PGTBL, table(ioasid, tables.root()));
    }

    long unbind(long ioasid) {
        return call(fd, IoasidRequests.UNBIND_PGTBL, argument(ioasid));
    }

    long allow(int device, long ioasid) {
        return call(device, IoasidRequests.DEVICE_ALLOW_IOASID, device(fd, ioasid));
    }

    long disallow(int device, long ioasid) {
        return call(device, IoasidRequests.DEVICE_DISALLOW_IOASID, device(fd, ioasid));
    }

    /** Where the first device gets with an ioasid. */
    long reach(int ioasid) {
        return machine.read(one.stream(), ioasid, AT);
    }

    static GuestTables.FirstStage firstStage(EmulatedGuest.Tables tables) {
        return new GuestTables.FirstStage(tables.root(), false, false, false);
    }

    @Override
    public void close() {
        machine.close();
    }
}
