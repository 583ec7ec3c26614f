// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import java.util.Arrays;
import java.util.Locale;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.traffic.DeviceAccess;
import org.iommuemu.device.traffic.OffsetPattern;
import org.iommuemu.device.traffic.Software;
import org.iommuemu.device.traffic.TrafficGenerator;
import org.iommuemu.device.traffic.TrafficParameters;
import org.iommuemu.device.traffic.WindowAccesses;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.Platform;
import org.iommuemu.time.Picoseconds;

/** One device does nothing but miss pages, while another works. */
final class PageRequestStorm implements Demo {
    private static final int VICTIM = 0x100;
    private static final int STORM = 0x200;
    private static final long IOVA = 0x10_0000_0000L;
    private static final long MEMORY = 0x2_0000_0000L;
    private static final long WINDOW = 1 << 22;
    private static final int PAGE = 4096;
    private static final int UNIT = 512;
    private static final long SERVICE = 5 * Picoseconds.PER_MICROSECOND;
    private static final int SLICES = 60;
    private static final long SLICE = 10 * Picoseconds.PER_MICROSECOND;
    private static final int FROM = 20;
    private static final int TO = 40;

    private final double[] victimBytes = new double[SLICES];
    private final double[] stormBytes = new double[SLICES];
    private long requests;
    private long seenHits;
    private long seenMisses;
    private long seenReads;

    @Override
    public String name() {
        return "page-request-storm";
    }

    @Override
    public String title() {
        return "One device storms the IOMMU with page requests while another works";
    }

    @Override
    public void play(Platform machine, Story story) {
        requests = 0;
        seenHits = 0;
        seenMisses = 0;
        seenReads = 0;
        Arrays.fill(victimBytes, 0);
        Arrays.fill(stormBytes, 0);
        IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
        driver.map(VICTIM, IommuDriver.NO_PASID, IOVA, MEMORY, WINDOW, 12, IommuDriver.READ | IommuDriver.WRITE);
        driver.bind(STORM, IommuDriver.NO_PASID);
        driver.onPageRequest(
                group -> {
                    requests += group.size();
                    group.forEach(r -> driver.map(
                            STORM,
                            IommuDriver.NO_PASID,
                            r.address(),
                            MEMORY + WINDOW + (r.address() - IOVA) % (1 << 30),
                            PAGE,
                            12,
                            IommuDriver.READ | IommuDriver.WRITE));
                    return PageResponse.Code.SUCCESS;
                },
                SERVICE);
        PciFunction calmly = machine.addFunction(VICTIM).enableBusMaster();
        TrafficGenerator victim = generator(machine, calmly, OffsetPattern.uniform(WINDOW / UNIT), 16, victimBytes);
        driver.enableAts(STORM);
        driver.enablePageRequests(STORM);
        PciFunction stormy =
                machine.addFunction(STORM).enableBusMaster().enableAts(0).enablePri(256);
        TrafficGenerator storm =
                generator(machine, stormy, OffsetPattern.strided(1 << 24, PAGE / UNIT), 256, stormBytes);
        story.tell(
                "victim",
                "reads " + UNIT + " bytes at a time, 16 under way, anywhere in 4 MiB that are mapped, without ATS");
        victim.start();
        machine.loop().runUntil(FROM * SLICE);
        phase(machine, story);
        story.tell("storm", "begins: 256 reads under way, of pages that nobody has mapped");
        storm.start();
        machine.loop().runUntil(TO * SLICE);
        story.tell("storm", "ends; software has brought in " + requests + " pages, 5 us each");
        phase(machine, story);
        storm.stop();
        machine.loop().runUntil(SLICES * SLICE);
        phase(machine, story);
        victim.stop();
        machine.loop().run();

        double calm = rate(victimBytes, 10, FROM);
        double during = rate(victimBytes, FROM + 1, TO);
        double after = rate(victimBytes, TO + 2, SLICES);
        story.say(String.format(
                Locale.ROOT,
                "victim: %.2f GB/s before, %.2f during, %.2f after; storm: %.2f GB/s",
                calm,
                during,
                after,
                rate(stormBytes, FROM + 1, TO)));
        story.check("the storm's pages were brought in", requests > 0);
        story.check("the victim keeps three quarters of its bandwidth", during > 0.75 * calm);
        story.check("and has all of it back afterwards", after > 0.98 * calm);
        double[] times = new double[SLICES];
        for (int i = 0; i < SLICES; i++) {
            times[i] = (i + 0.5) * SLICE / Picoseconds.PER_MICROSECOND;
            victimBytes[i] = gigabytes(victimBytes[i], 1);
            stormBytes[i] = gigabytes(stormBytes[i], 1);
        }
        story.curve(new Story.Curve("victim", times, victimBytes.clone()));
        story.curve(new Story.Curve("storm", times, stormBytes.clone()));
    }

    private static TrafficGenerator generator(
            Platform machine, PciFunction function, OffsetPattern pattern, int outstanding, double[] slices) {
        WindowAccesses.Shape shape = new WindowAccesses.Shape(IOVA, UNIT, UNIT, UNIT, 1, 0);
        return new TrafficGenerator(
                machine.loop(),
                function,
                new DmaChannel(function),
                new WindowAccesses(shape, pattern, function.id()),
                Software.NOTHING,
                TrafficParameters.closed(-1, outstanding, 0),
                (access, status, latency) -> count(machine, access, status, slices));
    }

    /** What the IOMMU has done since it was last asked. */
    private void phase(Platform machine, Story story) {
        TimedTranslation timed = machine.timed();
        long hits = timed.hits() - seenHits;
        long misses = timed.misses() - seenMisses;
        long reads = timed.tableReads() - seenReads;
        seenHits += hits;
        seenMisses += misses;
        seenReads += reads;
        story.tell(
                "IOMMU",
                String.format(
                        Locale.ROOT,
                        "has answered %,d requests, %,d of them by walks of %.2f reads each",
                        hits + misses,
                        misses,
                        (double) reads / Math.max(1, misses)));
    }

    private static void count(Platform machine, DeviceAccess access, DmaChannel.Status status, double[] slices) {
        int slice = (int) (machine.loop().now() / SLICE);
        if (status == DmaChannel.Status.OK && slice < SLICES) {
            slices[slice] += access.bytes();
        }
    }

    private static double rate(double[] bytes, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += bytes[i];
        }
        return gigabytes(sum, to - from);
    }

    private static double gigabytes(double bytes, int slices) {
        return bytes / (slices * (double) SLICE / Picoseconds.PER_NANOSECOND);
    }
}
