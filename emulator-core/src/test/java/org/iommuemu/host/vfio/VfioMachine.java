// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.stream.Stream;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.host.process.Process;
import org.iommuemu.iommu.Access;

/** A machine, a user with a container, and other processes of the same user. */
final class VfioMachine implements AutoCloseable {
    static final int BIND = 0x3B00 + 122;
    static final int UNBIND = 0x3B00 + 123;
    static final int NONE = IommuDriver.NO_PASID;

    /** Where every process has memory, and what is in it. */
    static final long BUFFER = 0x5555_0000_0000L;

    static final long BUFFER_BYTES = 0x4000;

    final ControlledMachine machine;
    final Process user;
    final Caller caller;
    VfioContainer container;
    private int groups = 100;

    VfioMachine(ControlledMachine.Maker maker) {
        this(maker, Dialect.PROCESS);
    }

    VfioMachine(ControlledMachine.Maker maker, Dialect dialect) {
        machine = maker.make();
        user = process();
        caller = new Caller(user);
        container = new VfioContainer(machine.core, machine.processes, dialect);
    }

    static Stream<ControlledMachine.Maker> makers() {
        return ControlledMachine.all();
    }

    /** A process of user 1000 with memory that is present. */
    Process process() {
        Process made = machine.processes.start(Credentials.user(1000));
        fill(made);
        return made;
    }

    void fill(Process process) {
        AddressSpace mm = memory(process);
        mm.map(BUFFER, BUFFER_BYTES, IommuDriver.READ | IommuDriver.WRITE).value();
        for (long at = BUFFER; at < BUFFER + BUFFER_BYTES; at += 0x1000) {
            assertThat(mm.write(at, ByteBuffer.allocate(8))).isTrue();
        }
    }

    static AddressSpace memory(Process process) {
        return Objects.requireNonNull(process.addressSpace());
    }

    /** A group of devices of these requester ids. */
    VfioGroup group(int... streams) {
        return new VfioGroup(machine.core, iommuGroup(streams));
    }

    IommuGroup iommuGroup(int... streams) {
        IommuGroup group = new IommuGroup(groups++);
        for (int stream : streams) {
            machine.device(stream, group);
        }
        return group;
    }

    HostDevice device(VfioGroup group) {
        return group.devices().get(0).device();
    }

    /** A machine whose container has got these groups, and then its kind of IOMMU. */
    VfioMachine with(IommuType type, VfioGroup... joining) {
        for (VfioGroup g : joining) {
            assertThat(container.attachGroup(g)).isEqualTo(Result.done());
        }
        assertThat(container.setIommu(type)).isEqualTo(Result.done());
        return this;
    }

    /** The structure of BIND and UNBIND. */
    static ByteBuffer bindStructure(int argsz, int flags, int processFlags, int pid) {
        return ByteBuffer.allocate(20)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(argsz)
                .putInt(flags)
                .putInt(processFlags)
                .putInt(0xDEAD)
                .putInt(pid)
                .rewind();
    }

    long call(int request, ByteBuffer structure) {
        return call(caller, request, structure);
    }

    long call(Caller by, int request, ByteBuffer structure) {
        return container.ioctl(by, request, UserBuffer.of(structure));
    }

    /** Binds a process by its pid; the PASID, or the negative error. */
    long bind(Process process) {
        ByteBuffer structure = bindStructure(20, 1, 1, process.pid());
        long returned = call(BIND, structure);
        return returned == 0 ? structure.getInt(12) : returned;
    }

    long unbind(Process process) {
        return call(UNBIND, bindStructure(20, 1, 1, process.pid()));
    }

    /** Whether a device reads and writes a process's memory by a PASID. */
    boolean reaches(VfioGroup group, long pasid, Process process) {
        int stream = device(group).stream();
        long expected = memory(process).tables().physical(BUFFER + 0x1008);
        return expected >= 0
                && machine.translate(stream, (int) pasid, BUFFER + 0x1008, Access.READ) == expected
                && machine.translate(stream, (int) pasid, BUFFER + 0x1008, Access.WRITE) == expected;
    }

    /** Whether a device's requests with a PASID are refused. */
    boolean isRefused(VfioGroup group, long pasid) {
        return machine.read(device(group).stream(), (int) pasid, BUFFER + 0x1008) == -1;
    }

    boolean hasSva(VfioGroup group) {
        return machine.core.isSvaEnabled(device(group));
    }

    String image() {
        return machine.image();
    }

    void failures(FailurePlan plan) {
        machine.core.failures(plan);
        machine.processes.failures(plan);
    }

    @Override
    public void close() {
        machine.close();
    }
}
