// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.iommuemu.ats.AtsStatistics;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.accelerator.Accelerator;
import org.iommuemu.device.accelerator.AcceleratorParameters;
import org.iommuemu.device.accelerator.spec.CompletionCode;
import org.iommuemu.device.accelerator.spec.CompletionRecord;
import org.iommuemu.device.accelerator.spec.Descriptor;
import org.iommuemu.device.accelerator.spec.DeviceRegisters;
import org.iommuemu.device.accelerator.spec.Operation;
import org.iommuemu.device.accelerator.spec.QueueRegisters;
import org.iommuemu.host.StageLayout;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.vfio.Dialect;
import org.iommuemu.host.vfio.IommuType;
import org.iommuemu.host.vfio.VfioContainer;
import org.iommuemu.host.vfio.VfioGroup;
import org.iommuemu.host.vfio.spec.Bind;
import org.iommuemu.host.vfio.spec.BindProcess;
import org.iommuemu.host.vfio.spec.VfioRequest;
import org.iommuemu.pcie.LinkTap;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.Platform;

/** An accelerator that is bound to a process through VFIO works on its addresses, whose pages come when they are touched. */
final class SharedVirtualMemory implements Demo {
    private static final int DEVICE = 0x200;
    private static final long PAGE = HostedMachine.PAGE;
    private static final long HEAP = 0x5555_0000_0000L;
    private static final long HEAP_BYTES = 16 * PAGE;
    private static final long RECORD = HEAP;
    private static final long SOURCE = HEAP + PAGE;
    private static final long TARGET = HEAP + 8 * PAGE;
    private static final long WILD = 0x6666_0000_0000L;
    private static final int BYTES = 6000;

    @Override
    public String name() {
        return "sva";
    }

    @Override
    public String title() {
        return "An accelerator is bound to a process: its pages come when they are touched, and go with it";
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
        private final Accelerator accelerator;
        private final VfioContainer container;

        Run(HostedMachine host) {
            this.host = host;
            story = host.story;
            function = host.addFunction(DEVICE);
            function.link().tap(new Narrator(story, LinkTap.NONE));
            channel = new DmaChannel(function);
            accelerator = new Accelerator(host.machine.loop(), function, channel, AcceleratorParameters.standard());
            container = new VfioContainer(host.core, host.processes, Dialect.PROCESS);
            VfioGroup group = new VfioGroup(host.core, host.known(function).group());
            container.attachGroup(group).value();
            container.setIommu(IommuType.TYPE1V2).value();
        }

        void play() {
            AddressSpace memory = host.memory();
            memory.map(HEAP, HEAP_BYTES, HostedMachine.READ_WRITE).value();
            byte[] data = new byte[BYTES];
            for (int i = 0; i < BYTES; i++) {
                data[i] = (byte) (i * 31 + 7);
            }
            memory.write(SOURCE, ByteBuffer.wrap(data));
            host.narrator.watch(DEVICE, 1);
            long returned = bind(VfioRequest.IOMMU_BIND, "VFIO_IOMMU_BIND");
            int pasid = BindProcess.PASID.getInt(answer.slice(Bind.DATA, BindProcess.BYTES));
            story.check("the process is bound, as PASID " + pasid, returned == 0 && pasid == 1);
            start(pasid);
            move(data);
            wild();
            impatient();
            unmapped();
            exit(pasid);
            AtsStatistics ats = channel.statistics();
            story.say("ATS: " + ats.get(AtsStatistics.Counter.REQUESTS) + " Translation Requests, "
                    + ats.get(AtsStatistics.Counter.PAGE_REQUESTS) + " Page Requests, "
                    + ats.get(AtsStatistics.Counter.RESPONSES_SUCCESS) + " answered with success, "
                    + ats.get(AtsStatistics.Counter.RESPONSES_INVALID) + " as invalid");
        }

        private ByteBuffer answer = HostedMachine.bytes(0);

        private long bind(int request, String name) {
            ByteBuffer structure = HostedMachine.bytes(Bind.DATA + BindProcess.BYTES);
            Bind.ARGSZ.put(structure, structure.limit());
            Bind.FLAGS.put(structure, Bind.PROCESS);
            answer = structure;
            return host.narrator.call(
                    "ioctl(container, " + name + ", {argsz 20, BIND_PROCESS, {this process}})",
                    () -> container.ioctl(host.caller, request, HostedMachine.at(structure)));
        }

        private void start(int pasid) {
            write(DeviceRegisters.CONTROL.offset(), DeviceRegisters.ENABLE.of(1));
            QueueRegisters queue = QueueRegisters.of(0);
            write(
                    queue.configuration().offset(),
                    QueueRegisters.DEDICATED.mask()
                            | QueueRegisters.PASID_ENABLE.mask()
                            | QueueRegisters.BLOCK_ON_FAULT.mask()
                            | QueueRegisters.PASID.of(pasid));
            write(queue.control().offset(), 1);
        }

        private void write(long offset, long value) {
            accelerator.writeRegister(offset, Long.BYTES, value);
        }

        private void move(byte[] data) {
            story.tell(
                    "program", "has " + BYTES + " bytes moved to " + Narrator.hex(TARGET) + ", where no page is yet");
            long[] moved = run(TARGET, true);
            byte[] there = new byte[BYTES];
            host.memory().read(TARGET, ByteBuffer.wrap(there));
            finds(moved);
            story.check("the move succeeded", code(moved) == CompletionCode.SUCCESS.code());
            story.check("the process finds the right data", Arrays.equals(there, data));
        }

        private void wild() {
            story.tell("program", "has them moved to " + Narrator.hex(WILD) + ", which is nobody's");
            long[] wild = run(WILD, true);
            finds(wild);
            story.check(
                    "the kernel's answer ends the descriptor",
                    code(wild) == CompletionCode.PAGE_FAULT_INVALID_RESPONSE.code());
            story.check("page requests stay enabled", function.controls().isPri());
        }

        private void impatient() {
            long partly = TARGET + 2 * PAGE - PAGE / 2;
            story.tell("program", "does not want to wait at " + Narrator.hex(partly));
            long[] partial = run(partly, false);
            story.tell(
                    "program",
                    "finds code " + code(partial) + ": " + CompletionRecord.COMPLETED.get(partial)
                            + " bytes done, fault at " + Narrator.hex(CompletionRecord.FAULT_ADDRESS.get(partial)));
            story.check("what was there was done", CompletionRecord.COMPLETED.get(partial) == PAGE / 2);
            story.check(
                    "the fault is at the page behind",
                    CompletionRecord.FAULT_ADDRESS.get(partial) == TARGET + 2 * PAGE);
        }

        private void unmapped() {
            long returned = host.narrator.call(
                    "munmap(" + Narrator.hex(TARGET) + ", 8192)",
                    () -> host.memory().unmap(TARGET, 2 * PAGE).returned());
            story.check("the pages are gone from the process and the device", returned == 0);
            long[] late = run(TARGET, true);
            finds(late);
            story.check(
                    "the device is refused what the process no longer has",
                    code(late) == CompletionCode.PAGE_FAULT_INVALID_RESPONSE.code());
        }

        private void exit(int pasid) {
            story.tell("program", "exits, with the device still bound");
            host.processes.exit(host.program);
            host.narrator.written();
            boolean wrote = host.write(channel, function, pasid, RECORD, 1);
            story.check("nothing gets through any more", !wrote);
            long returned = bind(VfioRequest.IOMMU_UNBIND, "VFIO_IOMMU_UNBIND");
            story.check(
                    "the bond went with the process", returned == Errno.EINVAL.returned() && container.bonds() == 0);
        }

        private long[] run(long target, boolean wait) {
            AddressSpace memory = host.memory();
            memory.write(RECORD, ByteBuffer.allocate(CompletionRecord.WORDS * Long.BYTES));
            long[] d = new long[Descriptor.WORDS];
            Descriptor.OPERATION.set(d, Operation.MEMORY_MOVE.code());
            Descriptor.SOURCE.set(d, SOURCE);
            Descriptor.DESTINATION.set(d, target);
            Descriptor.SIZE.set(d, BYTES);
            Descriptor.RECORD.set(d, RECORD);
            Descriptor.RECORD_VALID.set(d, 1);
            Descriptor.REQUEST_RECORD.set(d, 1);
            Descriptor.BLOCK_ON_FAULT.set(d, wait ? 1 : 0);
            accelerator.submit(0, d);
            host.machine.loop().run();
            ByteBuffer there = HostedMachine.bytes(CompletionRecord.WORDS * Long.BYTES);
            memory.read(RECORD, there);
            long[] record = new long[CompletionRecord.WORDS];
            there.flip().asLongBuffer().get(record);
            return record;
        }

        private void finds(long[] record) {
            story.tell("program", "finds code " + code(record) + " in the completion record");
        }

        private static int code(long[] record) {
            return CompletionRecord.CODE.getInt(record);
        }
    }
}
