// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import java.nio.ByteBuffer;
import java.util.Objects;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.ioasid.IoasidFd;
import org.iommuemu.host.ioasid.VfioDevice;
import org.iommuemu.host.ioasid.VfioDeviceFd;
import org.iommuemu.host.ioasid.spec.AllowLayout;
import org.iommuemu.host.ioasid.spec.BindPgtblLayout;
import org.iommuemu.host.ioasid.spec.IoasidLayout;
import org.iommuemu.host.ioasid.spec.IoasidRequests;
import org.iommuemu.host.process.OpenFile;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.Platform;

/** One descriptor for many PASIDs: devices are allowed one while others use it, and lose it by themselves. */
final class IoasidStory implements Demo {
    private static final int ONE = 0x200;
    private static final int TWO = 0x300;
    private static final long AT = 0x7F00_0000_0000L;
    private static final long PAGE = 0x40_0000;

    @Override
    public String name() {
        return "ioasid";
    }

    @Override
    public String title() {
        return "/dev/ioasid: a page table for a PASID, devices that are allowed it at run time, and what a close undoes";
    }

    @Override
    public boolean wantsVtd() {
        return true;
    }

    @Override
    public void play(Platform machine, Story story) {
        new Run(new HostedMachine(machine, story, StageLayout.STAGE_2)).play();
    }

    /** A device of the guest's. */
    private record Owned(PciFunction function, DmaChannel channel, VfioDeviceFd file, int fd) {}

    /** One telling. */
    private static final class Run {
        private final HostedMachine host;
        private final Story story;
        private final Domain memory;
        private final Guest guest;
        private final Owned one;
        private final Owned two;
        private final IoasidFd ioasids;
        private final int ioasidFd;

        Run(HostedMachine host) {
            this.host = host;
            story = host.story;
            IommuDriver driver = host.core.driver();
            memory = driver.newDomain(Domain.Kind.SECOND_STAGE);
            guest = new Guest(host.machine, driver, memory);
            guest.map(AT, PAGE);
            one = open(ONE);
            two = open(TWO);
            ioasids = new IoasidFd(host.core);
            ioasidFd = open(ioasids);
        }

        private int open(OpenFile file) {
            return host.program.files().open(file);
        }

        private Owned open(int requester) {
            PciFunction function = host.addFunction(requester);
            DmaChannel channel = new DmaChannel(function);
            HostDevice device = host.known(function);
            host.core.attach(device, IommuDriver.NO_PASID, memory).value();
            VfioDeviceFd file = new VfioDevice(host.core, device, null).open().value();
            return new Owned(function, channel, file, open(file));
        }

        void play() {
            story.say("-- a guest has two devices; descriptor " + one.fd + " is " + Narrator.name(ONE) + ", " + two.fd
                    + " is " + Narrator.name(TWO) + ", " + ioasidFd + " is /dev/ioasid");
            ByteBuffer number = plain(0);
            long allocated = call(ioasids, ioasidFd, IoasidRequests.ALLOC, "IOASID_ALLOC", "", number);
            int pasid = IoasidLayout.IOASID.getInt(number);
            story.check("ioasid " + pasid + " is allocated", allocated == 0 && pasid > 0);
            host.narrator.watch(ONE, pasid);
            host.narrator.watch(TWO, pasid);
            host.narrator.written();
            story.check("the first device is allowed it", allow(one, true, pasid) == 0);
            long bound = call(ioasids, ioasidFd, IoasidRequests.BIND_PGTBL, "BIND_PGTBL", ", guest table", bind(pasid));
            if (bound != 0) {
                story.check("a table per PASID is nothing that this hardware can have", bound < 0);
                story.say("-- see demo guest-bind: here the guest has the table of PASIDs");
                return;
            }
            bound(pasid);
            close(pasid);
        }

        private void bound(int pasid) {
            guest.store(PAGE, 1111);
            story.check("the first device reads the guest's page", reads(one, pasid));
            story.check("the second one is not allowed to", !reads(two, pasid));
            story.check("it is allowed while the table is bound", allow(two, true, pasid) == 0);
            story.check("and reads the guest's page", reads(two, pasid));
            long free = call(ioasids, ioasidFd, IoasidRequests.FREE, "IOASID_FREE", "", plain(pasid));
            story.check("what is bound cannot be freed", free < 0);
            story.check("the first one loses it", allow(one, false, pasid) == 0);
            story.check("and reads nothing", !reads(one, pasid));
            story.check("the second one goes on", reads(two, pasid));
        }

        private void close(int pasid) {
            long closed = host.narrator.call(
                    "close(" + ioasidFd + ")",
                    () -> host.program.files().close(ioasidFd).returned());
            story.check("closing /dev/ioasid undoes everything", closed == 0);
            story.check("the second device reads nothing any more", !reads(two, pasid));
            story.check("the PASID is free", host.core.pasids().owner(pasid) == null);
        }

        private boolean reads(Owned device, int pasid) {
            return Objects.equals(host.read(device.channel, device.function, pasid, AT), 1111);
        }

        private long allow(Owned device, boolean on, int pasid) {
            ByteBuffer s = HostedMachine.bytes(AllowLayout.BYTES);
            AllowLayout.ARGSZ.put(s, s.limit());
            AllowLayout.IOASID_FD.put(s, ioasidFd);
            AllowLayout.IOASID.put(s, pasid);
            return call(
                    device.file,
                    device.fd,
                    on ? IoasidRequests.DEVICE_ALLOW_IOASID : IoasidRequests.DEVICE_DISALLOW_IOASID,
                    on ? "DEVICE_ALLOW_IOASID" : "DEVICE_DISALLOW_IOASID",
                    ", ioasid " + pasid,
                    s);
        }

        private static ByteBuffer plain(int pasid) {
            ByteBuffer s = HostedMachine.bytes(IoasidLayout.BYTES);
            IoasidLayout.ARGSZ.put(s, s.limit());
            IoasidLayout.IOASID.put(s, pasid);
            return s;
        }

        private ByteBuffer bind(int pasid) {
            ByteBuffer s = HostedMachine.bytes(BindPgtblLayout.BYTES);
            BindPgtblLayout.ARGSZ.put(s, s.limit());
            BindPgtblLayout.IOASID.put(s, pasid);
            BindPgtblLayout.ADDR_WIDTH.put(s, 48);
            BindPgtblLayout.PGTBL.put(s, guest.root());
            return s;
        }

        private long call(OpenFile file, int fd, int request, String name, String more, ByteBuffer structure) {
            return host.narrator.call(
                    "ioctl(" + fd + ", " + name + more + ")",
                    () -> file.ioctl(host.caller, request, HostedMachine.at(structure)));
        }
    }
}
