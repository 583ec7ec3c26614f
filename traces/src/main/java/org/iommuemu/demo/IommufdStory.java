// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.host.call.spec.RequestNumber;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.host.iommufd.IommuNode;
import org.iommuemu.host.iommufd.IommufdFile;
import org.iommuemu.host.iommufd.VfioDevice;
import org.iommuemu.host.iommufd.VfioDeviceFile;
import org.iommuemu.host.iommufd.spec.EventStructures;
import org.iommuemu.host.iommufd.spec.HwptStructures;
import org.iommuemu.host.iommufd.spec.IoasStructures;
import org.iommuemu.host.iommufd.spec.IommufdRequest;
import org.iommuemu.host.iommufd.spec.VfioDeviceStructures;
import org.iommuemu.host.process.OpenFile;
import org.iommuemu.iommu.Access;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.Platform;
import org.iommuemu.time.Picoseconds;

/** The successor: address spaces, page tables, PASIDs and page faults as objects of one descriptor. */
final class IommufdStory implements Demo {
    private static final int DEVICE = 0x200;
    private static final long BUFFER = 0x5555_0000_0000L;
    private static final long IOVA = 0x10_0000;
    private static final int PASID = 7;
    private static final int FAULTING = 8;
    private static final long WAIT = 1000 * Picoseconds.PER_MICROSECOND;
    private static final int NO_PASID = IommuDriver.NO_PASID;

    @Override
    public String name() {
        return "iommufd";
    }

    @Override
    public String title() {
        return "iommufd: address spaces, page tables with PASIDs, replacement, and page faults that the program answers";
    }

    @Override
    public void play(Platform machine, Story story) {
        new Run(new HostedMachine(machine, story, StageLayout.STAGE_1)).play();
    }

    /** One telling. */
    private static final class Run {
        private final HostedMachine host;
        private final Story story;
        private final PciFunction function;
        private final DmaChannel channel;
        private final IommufdFile iommufd;
        private final int iommufdFd;
        private final VfioDeviceFile device;
        private final int deviceFd;
        private int deviceId;

        Run(HostedMachine host) {
            this.host = host;
            story = host.story;
            function = host.addFunction(DEVICE);
            channel = new DmaChannel(function);
            iommufd = new IommuNode(host.core).open().value();
            iommufdFd = host.program.files().open(iommufd);
            device = new VfioDevice(host.core, host.known(function)).open();
            deviceFd = host.program.files().open(device);
        }

        void play() {
            story.say("-- descriptor " + iommufdFd + " is /dev/iommu, " + deviceFd + " the device "
                    + Narrator.name(DEVICE));
            host.memory()
                    .map(BUFFER, 4 * HostedMachine.PAGE, HostedMachine.READ_WRITE)
                    .value();
            host.narrator.watch(DEVICE, 0);
            bind();
            int first = addressSpace(BUFFER);
            int table = pageTable(first, HwptStructures.Alloc.PASID, 0);
            plain(table);
            withPasid(table);
            replace();
            faults();
            detach();
        }

        private void bind() {
            ByteBuffer s = HostedMachine.bytes(VfioDeviceStructures.Bind.BYTES);
            VfioDeviceStructures.Bind.ARGSZ.put(s, s.limit());
            VfioDeviceStructures.Bind.IOMMUFD.put(s, iommufdFd);
            long bound = call(device, deviceFd, VfioDeviceStructures.Bind.NUMBER, "VFIO_DEVICE_BIND_IOMMUFD", s);
            deviceId = VfioDeviceStructures.Bind.OUT_DEVID.getInt(s);
            story.check("the device is object " + deviceId, bound == 0);
        }

        private int addressSpace(long memory) {
            ByteBuffer made = structure(IommufdRequest.IOAS_ALLOC, IoasStructures.Alloc.SIZE);
            long allocated = call(IommufdRequest.IOAS_ALLOC, "", made);
            int ioas = IoasStructures.Alloc.OUT_IOAS_ID.getInt(made);
            long mapped = map(ioas, memory, IOVA);
            story.check(
                    "address space " + ioas + " has the program's page at " + Narrator.hex(IOVA),
                    allocated == 0 && mapped == 0);
            return ioas;
        }

        private long map(int ioas, long memory, long iova) {
            ByteBuffer s = structure(IommufdRequest.IOAS_MAP, IoasStructures.MapUser.SIZE);
            IoasStructures.MapUser.FLAGS.put(
                    s,
                    IoasStructures.MapUser.FIXED_IOVA
                            | IoasStructures.MapUser.READABLE
                            | IoasStructures.MapUser.WRITEABLE);
            IoasStructures.MapUser.IOAS_ID.put(s, ioas);
            IoasStructures.MapUser.USER_VA.put(s, memory);
            IoasStructures.MapUser.LENGTH.put(s, HostedMachine.PAGE);
            IoasStructures.MapUser.IOVA.put(s, iova);
            return call(
                    IommufdRequest.IOAS_MAP,
                    ", {ioas " + ioas + ", memory " + Narrator.hex(memory) + ", iova " + Narrator.hex(iova) + "}",
                    s);
        }

        private int pageTable(int ioas, int flags, int faultQueue) {
            ByteBuffer s = structure(IommufdRequest.HWPT_ALLOC, HwptStructures.Alloc.SIZE);
            HwptStructures.Alloc.FLAGS.put(s, flags);
            HwptStructures.Alloc.DEV_ID.put(s, deviceId);
            HwptStructures.Alloc.PT_ID.put(s, ioas);
            HwptStructures.Alloc.FAULT_ID.put(s, faultQueue);
            long made = call(IommufdRequest.HWPT_ALLOC, ", {device " + deviceId + ", ioas " + ioas + "}", s);
            int table = HwptStructures.Alloc.OUT_HWPT_ID.getInt(s);
            story.check("page table " + table + " is made", made == 0);
            return table;
        }

        private void plain(int table) {
            story.check("the device is attached to it", attach(NO_PASID, table) == 0);
            story.check("it writes to the program's page", host.write(channel, function, NO_PASID, IOVA, 1111));
            story.check("where the program finds it", host.load(BUFFER) == 1111);
        }

        private void withPasid(int table) {
            host.narrator.watch(DEVICE, PASID);
            story.check("PASID " + PASID + " is attached to the same", attach(PASID, table) == 0);
            story.check("and reads the same", Objects.equals(host.read(channel, function, PASID, IOVA), 1111));
        }

        private void replace() {
            host.store(BUFFER + HostedMachine.PAGE, 2222);
            int second = addressSpace(BUFFER + HostedMachine.PAGE);
            int other = pageTable(second, HwptStructures.Alloc.PASID, 0);
            story.check("PASID " + PASID + " is attached to it instead", attach(PASID, other) == 0);
            story.check(
                    "and reads the other page at the same address",
                    Objects.equals(host.read(channel, function, PASID, IOVA), 2222));
            story.check(
                    "requests without PASID are where they were",
                    Objects.equals(host.read(channel, function, NO_PASID, IOVA), 1111));
        }

        private void faults() {
            ByteBuffer made = structure(IommufdRequest.FAULT_QUEUE_ALLOC, EventStructures.FaultAlloc.SIZE);
            long allocated = call(IommufdRequest.FAULT_QUEUE_ALLOC, "", made);
            int queue = EventStructures.FaultAlloc.OUT_FAULT_ID.getInt(made);
            int fd = EventStructures.FaultAlloc.OUT_FAULT_FD.getInt(made);
            story.check("fault queue " + queue + " is descriptor " + fd, allocated == 0);
            int ioas = addressSpace(BUFFER + 2 * HostedMachine.PAGE);
            int table = pageTable(ioas, HwptStructures.Alloc.PASID | HwptStructures.Alloc.FAULT_ID_VALID, queue);
            host.narrator.watch(DEVICE, FAULTING);
            story.check("PASID " + FAULTING + " is attached", attach(FAULTING, table) == 0);
            host.store(BUFFER + 3 * HostedMachine.PAGE, 3333);
            answer(host.program.files().get(fd).value(), ioas);
        }

        private void answer(OpenFile file, int ioas) {
            long missing = IOVA + HostedMachine.PAGE;
            byte[] into = new byte[Integer.BYTES];
            DmaChannel.Status[] ended = new DmaChannel.Status[1];
            story.tell(Narrator.name(DEVICE), "reads " + Narrator.place(FAULTING, missing) + ", which is not mapped");
            channel.read(missing, into, FAULTING, Access.READ, (status, bytes) -> ended[0] = status);
            ByteBuffer fault = HostedMachine.bytes(EventStructures.PageFault.BYTES);
            host.machine.await(() -> isThere(fault, file), host.machine.loop().now() + WAIT);
            long at = EventStructures.PageFault.ADDR.get(fault);
            story.tell(
                    "program",
                    "reads from the fault queue: " + Narrator.place(FAULTING, at) + ", cookie "
                            + EventStructures.PageFault.COOKIE.get(fault));
            story.check("the fault is told", at == missing);
            map(ioas, BUFFER + 3 * HostedMachine.PAGE, missing);
            ByteBuffer response = HostedMachine.bytes(EventStructures.Response.BYTES);
            EventStructures.Response.COOKIE.put(response, EventStructures.PageFault.COOKIE.get(fault));
            EventStructures.Response.CODE.put(response, EventStructures.Response.SUCCESS);
            host.narrator.call(
                    "write(fault queue, {success})",
                    () -> file.write(host.caller, HostedMachine.at(response), response.limit(), 0));
            host.machine.loop().run();
            int value = ByteBuffer.wrap(into).order(ByteOrder.LITTLE_ENDIAN).getInt();
            story.tell(Narrator.name(DEVICE), "has read " + value);
            story.check(
                    "the device goes on, and reads what was mapped", ended[0] == DmaChannel.Status.OK && value == 3333);
        }

        private boolean isThere(ByteBuffer fault, OpenFile file) {
            return EventStructures.PageFault.ADDR.get(fault) != 0
                    || file.read(host.caller, HostedMachine.at(fault), fault.limit(), 0) > 0;
        }

        private void detach() {
            ByteBuffer s = HostedMachine.bytes(VfioDeviceStructures.Detach.BYTES);
            VfioDeviceStructures.Detach.ARGSZ.put(s, s.limit());
            long detached =
                    call(device, deviceFd, VfioDeviceStructures.Detach.NUMBER, "VFIO_DEVICE_DETACH_IOMMUFD_PT", s);
            story.check("the device is detached", detached == 0);
            story.check(
                    "nothing without PASID gets through: it is blocked, not let pass",
                    host.read(channel, function, NO_PASID, IOVA) == null);
            long closed = host.narrator.call(
                    "close(" + deviceFd + "), close(" + iommufdFd + ")",
                    () -> host.program.files().close(deviceFd).isOk()
                                    && host.program.files().close(iommufdFd).isOk()
                            ? 0
                            : -1);
            story.check("everything is closed", closed == 0);
            story.check("PASID " + PASID + " reads nothing", host.read(channel, function, PASID, IOVA) == null);
        }

        private long attach(int pasid, int table) {
            ByteBuffer s = HostedMachine.bytes(VfioDeviceStructures.Attach.BYTES);
            VfioDeviceStructures.Attach.ARGSZ.put(s, s.limit());
            VfioDeviceStructures.Attach.PT_ID.put(s, table);
            if (pasid != NO_PASID) {
                VfioDeviceStructures.Attach.FLAGS.put(s, VfioDeviceStructures.Attach.FLAG_PASID);
                VfioDeviceStructures.Attach.PASID.put(s, pasid);
            }
            String what = ", {page table " + table + (pasid == NO_PASID ? "" : ", PASID " + pasid) + "}";
            return call(
                    device, deviceFd, VfioDeviceStructures.Attach.NUMBER, "VFIO_DEVICE_ATTACH_IOMMUFD_PT" + what, s);
        }

        private static ByteBuffer structure(IommufdRequest request, StructureField size) {
            ByteBuffer s = HostedMachine.bytes(request.bytes());
            size.put(s, s.limit());
            return s;
        }

        private long call(IommufdRequest request, String more, ByteBuffer structure) {
            return host.narrator.call(
                    "ioctl(" + iommufdFd + ", " + request + more + ")",
                    () -> iommufd.ioctl(host.caller, request.request(), HostedMachine.at(structure)));
        }

        private long call(OpenFile file, int fd, int number, String name, ByteBuffer structure) {
            return host.narrator.call(
                    "ioctl(" + fd + ", " + name + ")",
                    () -> file.ioctl(
                            host.caller,
                            RequestNumber.of(RequestNumber.VFIO_BASE + number),
                            HostedMachine.at(structure)));
        }
    }
}
