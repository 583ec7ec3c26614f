// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import java.util.Arrays;
import java.util.List;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.nvme.Namespace;
import org.iommuemu.device.nvme.NvmeController;
import org.iommuemu.device.nvme.NvmeDriver;
import org.iommuemu.device.nvme.NvmeParameters;
import org.iommuemu.device.nvme.SparseBlocks;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.pcie.LinkTap;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.platform.Platform;
import org.iommuemu.time.Picoseconds;

/** A buffer is taken back while a drive still reads into it, and used for something else before the drive has let go of it. */
final class StaleTranslation implements Demo {
    private static final int DRIVE = 0x100;
    private static final int PAGE = 4096;
    private static final int BLOCK_SHIFT = 12;
    private static final long QUEUES = 0x1_0000;
    private static final long BUFFER = 0x100_0000;
    private static final long QUEUE_MEMORY = 0x2_0000_0000L;
    private static final long PAGE_MEMORY = 0x3_0000_0000L;
    private static final long SLOW = 200 * Picoseconds.PER_MICROSECOND;
    private static final int DATA_TRANSFER_ERROR = 0x004;

    private int status;

    @Override
    public String name() {
        return "stale-atc";
    }

    @Override
    public String title() {
        return "A drive's buffer is unmapped too early: its ATC still has the page, and the drive writes into it";
    }

    @Override
    public void play(Platform machine, Story story) {
        StaleDetector detector = machine.detectStale();
        IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
        PciFunction function = machine.addFunction(DRIVE).enableBusMaster();
        driver.enableAts(DRIVE);
        function.enableAts(0);
        LinkTap slow = (tlp, up, arrival, wire) ->
                wire.deliver(tlp, tlp.kind() == TlpKind.INVALIDATE_REQUEST ? arrival + SLOW : arrival);
        function.link().tap(slow);
        SparseBlocks blocks = new SparseBlocks(1 << 20);
        blocks.write(0, filled('d'));
        NvmeDriver nvme = bringUp(machine, driver, function, blocks);
        driver.map(DRIVE, IommuDriver.NO_PASID, BUFFER, PAGE_MEMORY, PAGE, 12, IommuDriver.READ | IommuDriver.WRITE);
        story.tell("host", "maps a page at 0x" + Long.toHexString(BUFFER) + " for " + Narrator.name(DRIVE));
        read(machine, nvme);
        story.tell("drive", "has read a block into it, and keeps the translation");

        story.tell("host", "has the block read once more, and unmaps the page without waiting for that");
        function.link().tap(new Narrator(story, slow));
        status = -1;
        nvme.submit(1, false, 0, PAGE);
        long unmapped = machine.loop().now();
        machine.loop().schedule(unmapped + Picoseconds.PER_MICROSECOND, (time, data) -> reuse(machine, story), 0);
        driver.unmap(DRIVE, IommuDriver.NO_PASID, BUFFER, PAGE, 12);
        story.tell("host", "is told that the page is unmapped");
        story.check("the drive has finished meanwhile", status == 0);
        story.check("what was put into the page is gone", Arrays.equals(content(machine), filled('d')));
        detector.hits().forEach(h -> story.tell("detector", h.text()));
        story.check(
                "the detector names the drive",
                detector.hits().size() == 1 && detector.hits().get(0).streamId() == DRIVE);

        reuse(machine, story);
        story.tell("host", "has the block read into the page that is unmapped now");
        read(machine, nvme);
        story.tell("drive", "ends the command with status 0x" + Integer.toHexString(status));
        story.check("the command fails with Data Transfer Error", status == DATA_TRANSFER_ERROR);
        story.check(
                "nothing was touched, and nothing stale was used",
                Arrays.equals(content(machine), filled('k')) && detector.hits().size() == 1);
    }

    private NvmeDriver bringUp(Platform machine, IommuDriver driver, PciFunction function, SparseBlocks blocks) {
        NvmeController controller = new NvmeController(
                machine.loop(),
                function,
                new DmaChannel(function),
                NvmeParameters.standard(),
                List.of(new Namespace(blocks, BLOCK_SHIFT)));
        NvmeDriver.Setup setup = new NvmeDriver.Setup(1, 4, PAGE, BLOCK_SHIFT, QUEUES, QUEUE_MEMORY);
        driver.map(
                DRIVE,
                IommuDriver.NO_PASID,
                QUEUES,
                QUEUE_MEMORY,
                setup.regionBytes(),
                12,
                IommuDriver.READ | IommuDriver.WRITE);
        long doorbell = driver.mapDoorbell(DRIVE, machine.doorbell());
        function.vector(0, doorbell, 0);
        function.vector(1, doorbell, 1);
        NvmeDriver nvme = new NvmeDriver(
                controller,
                machine.memory(),
                setup,
                new NvmeDriver.Buffers() {
                    @Override
                    public long map(int slot, int bytes, boolean write) {
                        return BUFFER;
                    }

                    @Override
                    public void unmap(int slot, long iova, int bytes) {}
                },
                machine.patience(),
                (queue, slot, how) -> status = how);
        machine.onInterrupt((requester, address, data) -> nvme.interrupt());
        nvme.start();
        return nvme;
    }

    private void read(Platform machine, NvmeDriver nvme) {
        status = -1;
        nvme.submit(1, false, 0, PAGE);
        machine.await(() -> status >= 0, machine.loop().now() + Picoseconds.PER_SECOND);
    }

    private static void reuse(Platform machine, Story story) {
        story.tell("host", "puts keys into the page, which it takes for its own again");
        machine.memory().write(PAGE_MEMORY, filled('k'), 0, PAGE);
    }

    private static byte[] filled(char what) {
        byte[] bytes = new byte[PAGE];
        Arrays.fill(bytes, (byte) what);
        return bytes;
    }

    private static byte[] content(Platform machine) {
        PhysicalMemory memory = machine.memory();
        byte[] bytes = new byte[PAGE];
        memory.read(PAGE_MEMORY, bytes, 0, PAGE);
        return bytes;
    }
}
