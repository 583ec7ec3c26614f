// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.host.process.FrameAllocator;
import org.iommuemu.host.process.Process;
import org.iommuemu.host.process.ProcessTable;
import org.iommuemu.iommu.Access;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.Platform;
import org.iommuemu.time.Picoseconds;
import org.jspecify.annotations.Nullable;

/** A machine with a kernel on it, one process, and devices whose DMA is told. */
final class HostedMachine {
    /** What software takes for a page request group. */
    private static final long SERVICE = 20 * Picoseconds.PER_MICROSECOND;

    static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;
    static final long PAGE = 0x1000;

    final Platform machine;
    final Story story;
    final ControlCore core;
    final ProcessTable processes;
    final Process program;
    final Caller caller;
    final HostNarrator narrator;
    private int groups;

    /** Boots. */
    HostedMachine(Platform machine, Story story, StageLayout stages) {
        this.machine = machine;
        this.story = story;
        IommuDriver driver = machine.startDriver(stages);
        core = new ControlCore(driver);
        core.faults().delay(SERVICE);
        processes = new ProcessTable(driver::newPageTables, machine.memory(), new FrameAllocator(), FailurePlan.NONE);
        program = processes.start(Credentials.user(1000));
        caller = new Caller(program);
        narrator = new HostNarrator(machine, story);
    }

    /** The process's memory. */
    AddressSpace memory() {
        AddressSpace space = program.addressSpace();
        if (space == null) {
            throw new IllegalStateException("the process has exited");
        }
        return space;
    }

    /** Adds a function, which may issue DMA. */
    PciFunction addFunction(int requester) {
        return machine.addFunction(requester).enableBusMaster();
    }

    /** What the kernel knows of it, in a group of its own. */
    HostDevice known(PciFunction function) {
        return machine.hostDevice(function, new IommuGroup(groups++));
    }

    /**
     * Lets a device write four bytes, and tells what came of it.
     *
     * @param pasid or {@link IommuDriver#NO_PASID}
     * @return whether it succeeded
     */
    boolean write(DmaChannel channel, PciFunction function, int pasid, long address, int value) {
        byte[] bytes = bytes(Integer.BYTES).putInt(0, value).array();
        String what = "writes " + value + " to " + Narrator.place(pasid, address);
        story.tell(Narrator.name(function.id()), what);
        return ended(function, done -> channel.write(address, bytes, pasid, 0, done)) == DmaChannel.Status.OK;
    }

    /**
     * Lets a device read four bytes, and tells what came of it.
     *
     * @return what it has read, or null
     */
    @Nullable
    Integer read(DmaChannel channel, PciFunction function, int pasid, long address) {
        byte[] bytes = new byte[Integer.BYTES];
        story.tell(Narrator.name(function.id()), "reads " + Narrator.place(pasid, address));
        DmaChannel.Status status = ended(function, done -> channel.read(address, bytes, pasid, Access.READ, done));
        int value = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
        if (status == DmaChannel.Status.OK) {
            story.tell(Narrator.name(function.id()), "has read " + value);
            return value;
        }
        return null;
    }

    private interface Transfer {
        void begin(DmaChannel.Done done);
    }

    private DmaChannel.Status ended(PciFunction function, Transfer transfer) {
        DmaChannel.Status[] status = new DmaChannel.Status[1];
        transfer.begin((s, bytes) -> status[0] = s);
        machine.loop().run();
        DmaChannel.Status last = status[0];
        if (last != DmaChannel.Status.OK) {
            story.tell(Narrator.name(function.id()), "could not: " + last);
        }
        return last;
    }

    /** A structure of a call, all zero. */
    static ByteBuffer bytes(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** What a call points to. */
    static UserBuffer at(ByteBuffer structure) {
        return UserBuffer.of(structure);
    }

    /** Four bytes of the process's memory, as it reads them itself. */
    int load(long address) {
        ByteBuffer value = bytes(Integer.BYTES);
        memory().read(address, value);
        return value.getInt(0);
    }

    /** The process writes four bytes. */
    void store(long address, int value) {
        memory().write(address, bytes(Integer.BYTES).putInt(0, value));
    }
}
