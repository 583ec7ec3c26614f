// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import org.iommuemu.ats.DmaChannel;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.pcie.LinkTap;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Requester;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.platform.Platform;
import org.iommuemu.time.Picoseconds;

/** A device does not answer an invalidation: who waits, who notices, and how it goes on. */
final class IgnoredInvalidation implements Demo {
    private static final int DEVICE = 0x100;
    private static final long IOVA = 0x1_0000;
    private static final long MEMORY = 0x2_0000_0000L;
    private static final long PAGE = 0x1000;

    private boolean deaf;
    private int silent;

    @Override
    public String name() {
        return "ignored-invalidation";
    }

    @Override
    public String title() {
        return "A device ignores an invalidation: the wait times out, the driver cuts it off, and takes it back";
    }

    @Override
    public void play(Platform machine, Story story) {
        deaf = false;
        silent = -1;
        IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
        PciFunction function = machine.addFunction(DEVICE).enableBusMaster();
        DmaChannel dma = new DmaChannel(function);
        LinkTap loses = (tlp, up, arrival, wire) -> {
            if (deaf && tlp.kind() == TlpKind.INVALIDATE_REQUEST) {
                story.tell("device", "does not hear it");
            } else {
                wire.deliver(tlp, arrival);
            }
        };
        function.link().tap(new Narrator(story, loses));
        driver.onSilence(stream -> {
            silent = stream;
            story.tell("host", Narrator.name(stream) + " has not answered: its ATS is refused from now on");
        });
        driver.enableAts(DEVICE);
        function.enableAts(0);
        map(driver);
        story.tell("host", "maps a page for " + Narrator.name(DEVICE));
        story.tell("device", "reads it: " + read(machine, dma));

        deaf = true;
        long before = machine.loop().now();
        story.tell("host", "unmaps the page");
        driver.unmap(DEVICE, IommuDriver.NO_PASID, IOVA, PAGE, 12);
        long waited = machine.loop().now() - before;
        story.tell("host", "has its page back after " + waited / Picoseconds.PER_SECOND + " s");
        story.check("the driver was told who is silent", silent == DEVICE);
        story.check("it waited for the time-out", waited >= machine.parameters().invalidationTimeout());

        Requester.Outcome[] stale = new Requester.Outcome[1];
        story.tell("device", "reads by the address that it still has");
        function.requester()
                .read(
                        Tlp.AddressType.TRANSLATED,
                        MEMORY,
                        8,
                        IommuDriver.NO_PASID,
                        Access.READ,
                        (outcome, data) -> stale[0] = outcome);
        machine.loop().run();
        story.tell("device", "gets " + stale[0]);
        story.check("nothing gets through by it", stale[0] == Requester.Outcome.UR);

        deaf = false;
        function.reset();
        function.enableBusMaster().configureSizes();
        story.tell("host", "resets the function, maps the page again, and lets it use ATS again");
        driver.enableAts(DEVICE);
        function.enableAts(0);
        map(driver);
        DmaChannel.Status again = read(machine, dma);
        story.tell("device", "reads it: " + again);
        story.check("it works again", again == DmaChannel.Status.OK);
        driver.unmap(DEVICE, IommuDriver.NO_PASID, IOVA, PAGE, 12);
        DmaChannel.Status gone = read(machine, dma);
        story.tell("device", "reads it once more: " + gone);
        story.check("and is invalidated as it should be", gone == DmaChannel.Status.NO_PAGE);
    }

    private static void map(IommuDriver driver) {
        driver.map(DEVICE, IommuDriver.NO_PASID, IOVA, MEMORY, PAGE, 12, IommuDriver.READ | IommuDriver.WRITE);
    }

    private static DmaChannel.Status read(Platform machine, DmaChannel dma) {
        DmaChannel.Status[] ended = new DmaChannel.Status[1];
        dma.read(IOVA, new byte[8], IommuDriver.NO_PASID, Access.READ, (status, moved) -> ended[0] = status);
        machine.loop().run();
        return ended[0];
    }
}
