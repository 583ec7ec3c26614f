// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.util.List;
import java.util.Objects;
import org.iommuemu.host.DmaFault;
import org.iommuemu.host.FaultListener;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.spec.RequestNumber;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.iommufd.spec.EventStructures.FaultAlloc;
import org.iommuemu.host.iommufd.spec.HwptStructures;
import org.iommuemu.host.iommufd.spec.IoasStructures;
import org.iommuemu.host.iommufd.spec.IoasStructures.MapUser;
import org.iommuemu.host.iommufd.spec.IoasStructures.Unmap;
import org.iommuemu.host.iommufd.spec.IommufdRequest;
import org.iommuemu.host.iommufd.spec.VfioDeviceStructures.Attach;
import org.iommuemu.host.iommufd.spec.VfioDeviceStructures.Bind;
import org.iommuemu.host.iommufd.spec.VfioDeviceStructures.Detach;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.host.process.Process;

/** A machine with a process that has opened {@code /dev/iommu}, and calls of its that tests make all the time. */
final class IommufdMachine implements AutoCloseable {
    /** Memory of the process that is mapped for devices, and to be touched by nothing else. */
    static final long MEMORY = 0x4000_0000L;

    static final long MEMORY_BYTES = 0x8_0000;

    /** Memory of the process for what its structures point to. */
    static final long SCRATCH = 0x1000_0000L;

    static final int NONE = IommuDriver.NO_PASID;
    static final long PAGE = 0x1000;
    static final int RW = MapUser.READABLE | MapUser.WRITEABLE;

    final ControlledMachine machine;
    final IommuNode node;
    final Process process;
    final AddressSpace space;
    final Caller caller;
    final IommufdFile file;
    final int fd;

    IommufdMachine(ControlledMachine machine) {
        this.machine = machine;
        node = new IommuNode(machine.core);
        machine.driver.onFault(node.events(new FaultListener() {
            @Override
            public void refused(DmaFault fault) {
                machine.recorded.add(fault);
            }
        }));
        process = machine.processes.start(Credentials.user(1000));
        space = Objects.requireNonNull(process.addressSpace());
        space.map(MEMORY, MEMORY_BYTES, IommuDriver.READ | IommuDriver.WRITE).value();
        space.map(SCRATCH, 0x4000, IommuDriver.READ | IommuDriver.WRITE).value();
        for (long at = SCRATCH; at < SCRATCH + 0x4000; at += PAGE) {
            space.fault(at, IommuDriver.WRITE).value();
        }
        caller = new Caller(process);
        file = node.open().value();
        fd = process.files().open(file);
    }

    Iommufd iommufd() {
        return file.iommufd();
    }

    long call(IommufdRequest request, Structure structure) {
        return file.ioctl(caller, request.request(), structure.buffer());
    }

    /** A call that succeeds, and one of its results. */
    int made(IommufdRequest request, Structure structure, StructureField result) {
        long returned = call(request, structure);
        if (returned != 0) {
            throw new AssertionError(request + " returned " + returned);
        }
        return structure.getInt(result);
    }

    int ioas() {
        return made(
                IommufdRequest.IOAS_ALLOC, Structure.of(IommufdRequest.IOAS_ALLOC), IoasStructures.Alloc.OUT_IOAS_ID);
    }

    static Structure mapping(int ioas, int flags, long address, long length, long iova) {
        return Structure.of(IommufdRequest.IOAS_MAP)
                .with(MapUser.FLAGS, flags)
                .with(MapUser.IOAS_ID, ioas)
                .with(MapUser.USER_VA, address)
                .with(MapUser.LENGTH, length)
                .with(MapUser.IOVA, iova);
    }

    /** Maps for reading and writing at an IOVA. */
    long map(int ioas, long address, long length, long iova) {
        return call(IommufdRequest.IOAS_MAP, mapping(ioas, RW | MapUser.FIXED_IOVA, address, length, iova));
    }

    long unmap(int ioas, long iova, long length) {
        return call(IommufdRequest.IOAS_UNMAP, unmapping(ioas, iova, length));
    }

    static Structure unmapping(int ioas, long iova, long length) {
        return Structure.of(IommufdRequest.IOAS_UNMAP)
                .with(Unmap.IOAS_ID, ioas)
                .with(Unmap.IOVA, iova)
                .with(Unmap.LENGTH, length);
    }

    long destroy(int id) {
        return call(IommufdRequest.DESTROY, Structure.of(IommufdRequest.DESTROY).with(IoasStructures.Destroy.ID, id));
    }

    static Structure table(int flags, int device, int target) {
        return Structure.of(IommufdRequest.HWPT_ALLOC)
                .with(HwptStructures.Alloc.FLAGS, flags)
                .with(HwptStructures.Alloc.DEV_ID, device)
                .with(HwptStructures.Alloc.PT_ID, target);
    }

    int hwpt(int flags, int device, int target) {
        return made(IommufdRequest.HWPT_ALLOC, table(flags, device, target), HwptStructures.Alloc.OUT_HWPT_ID);
    }

    /** A fault queue: its number, and its descriptor. */
    List<Integer> faultQueue() {
        Structure s = Structure.of(IommufdRequest.FAULT_QUEUE_ALLOC);
        int id = made(IommufdRequest.FAULT_QUEUE_ALLOC, s, FaultAlloc.OUT_FAULT_ID);
        return List.of(id, s.getInt(FaultAlloc.OUT_FAULT_FD));
    }

    /** A device that VFIO offers, bound to the file. */
    Device bind(int stream) {
        return bind(machine.device(stream));
    }

    Device bind(int stream, IommuGroup group) {
        return bind(machine.device(stream, group));
    }

    Device bind(HostDevice host) {
        Device d = new Device(host);
        if (d.bind(fd) != 0) {
            throw new AssertionError(host + " cannot be bound");
        }
        return d;
    }

    /** Writes what a structure of the process points to. */
    long put(Structure... structures) {
        return putAt(SCRATCH, structures);
    }

    long putAt(long address, Structure... structures) {
        long at = address;
        for (Structure s : structures) {
            if (!space.write(at, s.bytes())) {
                throw new AssertionError("the process has no memory at " + at);
            }
            at += s.bytes().limit();
        }
        return address;
    }

    /** Where a byte of the process is, or -1. */
    long physical(long address) {
        return space.tables().physical(address);
    }

    void failures(FailurePlan plan) {
        machine.core.failures(plan);
        machine.processes.failures(plan);
    }

    /** Tables, functions and resources, without what caches hold of the configuration, and the file's objects. */
    String image() {
        StringBuilder text = new StringBuilder(machine.tables());
        machine.image()
                .lines()
                .filter(l -> l.startsWith("IOTLB") || l.startsWith("ATC"))
                .forEach(l -> text.append(l).append('\n'));
        return text + "objects " + iommufd().ids() + ", locked " + space.lockedBytes();
    }

    @Override
    public void close() {
        machine.close();
    }

    /** A device of VFIO's with its file. */
    final class Device {
        final HostDevice host;
        final VfioDevice vfio;
        VfioDeviceFile file;
        private int number;

        Device(HostDevice host) {
            this.host = host;
            vfio = new VfioDevice(machine.core, host);
            file = vfio.open();
            file.get();
        }

        /** Its number as an object. */
        int id() {
            return number;
        }

        int stream() {
            return host.stream();
        }

        long bind(int iommufd) {
            Structure s = Structure.sized(Bind.BYTES).with(Bind.IOMMUFD, iommufd);
            long returned = call(Bind.NUMBER, s);
            number = returned == 0 ? s.getInt(Bind.OUT_DEVID) : number;
            return returned;
        }

        long call(int number, Structure s) {
            return file.ioctl(caller, RequestNumber.of(RequestNumber.VFIO_BASE + number), s.buffer());
        }

        static Structure attachment(int pasid, int target) {
            return Structure.sized(Attach.BYTES)
                    .with(Attach.FLAGS, pasid == NONE ? 0 : Attach.FLAG_PASID)
                    .with(Attach.PT_ID, target)
                    .with(Attach.PASID, pasid);
        }

        long attach(int target) {
            return attach(NONE, target);
        }

        long attach(int pasid, int target) {
            return call(Attach.NUMBER, attachment(pasid, target));
        }

        /** Attaches, and says to which table. */
        int attached(int target) {
            Structure s = attachment(NONE, target);
            if (call(Attach.NUMBER, s) != 0) {
                throw new AssertionError(host + " cannot be attached");
            }
            return s.getInt(Attach.PT_ID);
        }

        long detach(int pasid) {
            return call(
                    Detach.NUMBER,
                    Structure.sized(Detach.BYTES)
                            .with(Detach.FLAGS, pasid == NONE ? 0 : Detach.FLAG_PASID)
                            .with(Detach.PASID, pasid));
        }

        long read(long iova) {
            return read(NONE, iova);
        }

        /** Where a read goes, or -1. */
        long read(int pasid, long iova) {
            return machine.read(stream(), pasid, iova);
        }

        void close() {
            file.put();
        }
    }
}
