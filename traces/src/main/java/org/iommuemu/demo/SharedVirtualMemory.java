// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import java.util.Arrays;
import java.util.List;
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
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.pcie.LinkTap;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.Platform;
import org.iommuemu.time.Picoseconds;

/** An accelerator that works on a process's addresses, whose pages come when they are touched. */
final class SharedVirtualMemory implements Demo {
    private static final int DEVICE = 0x200;
    private static final int PASID = 5;
    private static final long PAGE = 0x1000;
    private static final long HEAP = 0x5555_0000_0000L;
    private static final long HEAP_BYTES = 16 * PAGE;
    private static final long RECORD = HEAP;
    private static final long SOURCE = HEAP + PAGE;
    private static final long TARGET = HEAP + 8 * PAGE;
    private static final long WILD = 0x6666_0000_0000L;
    private static final int BYTES = 6000;
    private static final long MEMORY = 0x2_0000_0000L;
    private static final long SERVICE = 20 * Picoseconds.PER_MICROSECOND;

    @Override
    public String name() {
        return "sva";
    }

    @Override
    public String title() {
        return "An accelerator works on a process's memory: missing pages are requested, mapped, and tried again";
    }

    @Override
    public void play(Platform machine, Story story) {
        IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
        PciFunction function = machine.addFunction(DEVICE).enableBusMaster().enablePasid(false, false);
        driver.bind(DEVICE, PASID);
        driver.enableAts(DEVICE);
        driver.enablePageRequests(DEVICE);
        function.enableAts(0).enablePri(32);
        function.link().tap(new Narrator(story, LinkTap.NONE));
        driver.onPageRequest(group -> bringIn(driver, story, group), SERVICE);
        story.tell("host", "binds a process to " + Narrator.name(DEVICE) + " as PASID " + PASID);
        for (long page : new long[] {RECORD, SOURCE, SOURCE + PAGE}) {
            map(driver, page);
        }
        byte[] data = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            data[i] = (byte) (i * 31 + 7);
        }
        machine.memory().write(physical(SOURCE), data, 0, BYTES);
        DmaChannel channel = new DmaChannel(function);
        Accelerator accelerator = new Accelerator(machine.loop(), function, channel, AcceleratorParameters.standard());
        write(accelerator, DeviceRegisters.CONTROL.offset(), DeviceRegisters.ENABLE.of(1));
        QueueRegisters queue = QueueRegisters.of(0);
        write(
                accelerator,
                queue.configuration().offset(),
                QueueRegisters.DEDICATED.mask()
                        | QueueRegisters.PASID_ENABLE.mask()
                        | QueueRegisters.BLOCK_ON_FAULT.mask()
                        | QueueRegisters.PASID.of(PASID));
        write(accelerator, queue.control().offset(), 1);

        story.tell(
                "process", "has " + BYTES + " bytes moved to 0x" + Long.toHexString(TARGET) + ", where no page is yet");
        long[] moved = run(machine, accelerator, TARGET, true);
        byte[] there = new byte[BYTES];
        machine.memory().read(physical(TARGET), there, 0, BYTES);
        story.tell("process", "finds code " + code(moved) + " in the completion record");
        story.check("the move succeeded", code(moved) == CompletionCode.SUCCESS.code());
        story.check("the data are right", Arrays.equals(there, data));

        story.tell("process", "has them moved to 0x" + Long.toHexString(WILD) + ", which is nobody's");
        long[] wild = run(machine, accelerator, WILD, true);
        story.tell("process", "finds code " + code(wild) + " in the completion record");
        story.check(
                "software's answer ends the descriptor",
                code(wild) == CompletionCode.PAGE_FAULT_INVALID_RESPONSE.code());
        story.check("page requests stay enabled", function.controls().isPri());

        long partly = TARGET + 2 * PAGE - PAGE / 2;
        story.tell("process", "does not want to wait at 0x" + Long.toHexString(partly));
        long[] partial = run(machine, accelerator, partly, false);
        story.tell(
                "process",
                "finds code " + code(partial) + ": " + CompletionRecord.COMPLETED.get(partial)
                        + " bytes done, fault at 0x" + Long.toHexString(CompletionRecord.FAULT_ADDRESS.get(partial)));
        story.check("what was there was done", CompletionRecord.COMPLETED.get(partial) == PAGE / 2);
        story.check(
                "the fault is at the page behind", CompletionRecord.FAULT_ADDRESS.get(partial) == TARGET + 2 * PAGE);
        AtsStatistics ats = channel.statistics();
        story.say("ATS: " + ats.get(AtsStatistics.Counter.REQUESTS) + " Translation Requests, "
                + ats.get(AtsStatistics.Counter.PAGE_REQUESTS) + " Page Requests, "
                + ats.get(AtsStatistics.Counter.RESPONSES_SUCCESS) + " answered with success, "
                + ats.get(AtsStatistics.Counter.RESPONSES_INVALID) + " as invalid");
    }

    private static PageResponse.Code bringIn(IommuDriver driver, Story story, List<PageRequest> group) {
        for (PageRequest r : group) {
            if (r.address() < HEAP || r.address() >= HEAP + HEAP_BYTES) {
                story.tell("host", "finds no region at 0x" + Long.toHexString(r.address()));
                return PageResponse.Code.INVALID;
            }
            story.tell("host", "maps a page at 0x" + Long.toHexString(r.address()));
            map(driver, r.address());
        }
        return PageResponse.Code.SUCCESS;
    }

    private static void map(IommuDriver driver, long page) {
        driver.map(DEVICE, PASID, page, physical(page), PAGE, 12, IommuDriver.READ | IommuDriver.WRITE);
    }

    private static long physical(long address) {
        return MEMORY + address - HEAP;
    }

    private static void write(Accelerator accelerator, long offset, long value) {
        accelerator.writeRegister(offset, Long.BYTES, value);
    }

    private static long[] run(Platform machine, Accelerator accelerator, long target, boolean wait) {
        long at = physical(RECORD);
        for (int i = 0; i < CompletionRecord.WORDS; i++) {
            machine.memory().writeLong(at + (long) i * Long.BYTES, 0);
        }
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
        machine.loop().run();
        long[] record = new long[CompletionRecord.WORDS];
        for (int i = 0; i < record.length; i++) {
            record[i] = machine.memory().readLong(at + (long) i * Long.BYTES);
        }
        return record;
    }

    private static int code(long[] record) {
        return CompletionRecord.CODE.getInt(record);
    }
}
