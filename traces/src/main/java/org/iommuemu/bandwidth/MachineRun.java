// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.iommuemu.ats.AtcParameters;
import org.iommuemu.ats.AtsStatistics;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.Patience;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.MessageInterrupts;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.time.Resource;
import org.jspecify.annotations.Nullable;

/** A machine with one device, and what is counted of it from a moment on. */
final class MachineRun implements AutoCloseable {
    static final int DEVICE = 0x100;
    static final long PHYSICAL = 1L << 32;

    /**
     * What only the device and its software know.
     *
     * @param line time that the device's line takes for a unit, or negative
     * @param software time that software took for mapping and unmapping, or negative
     */
    record Device(
            String name,
            String unit,
            Mapping mapping,
            @Nullable UnitLatency latency,
            double line,
            long software) {}

    private static final long VTD_MESSAGES = 0xFEE0_0000L;

    private static final long IOVA = 1L << 30;
    private static final long PATIENCE = 10 * Picoseconds.PER_SECOND;

    private final Platform machine;
    private final Translation translation;
    private final @Nullable IommuDriver driver;
    private final PciFunction function;
    private final DmaChannel channel;
    private final LinkMeter meter;
    private final Map<LatencyPart, Long> parts = new EnumMap<>(LatencyPart.class);
    private List<Resource> ofDevice = List.of();
    private long requests;
    private long begun;
    private long lookups;
    private long hits;
    private long walks;
    private long tableReads;
    private long refused;
    private long atcLookups;
    private long atcHits;

    MachineRun(
            PlatformParameters parameters,
            AtcParameters atc,
            boolean vtd,
            StageLayout stages,
            Translation translation) {
        machine = vtd ? Platform.vtd(parameters) : Platform.smmuv3(parameters);
        this.translation = translation;
        driver = translation == Translation.OFF ? null : machine.startDriver(stages);
        function = machine.addFunction(DEVICE);
        function.enableBusMaster();
        channel = new DmaChannel(function, atc);
        if (driver != null && translation == Translation.ATS) {
            driver.enableAts(DEVICE);
            function.enableAts(0);
        }
        meter = new LinkMeter(machine.loop(), parameters.link());
        function.link().tap(meter);
        machine.bridge().observe((request, at, passed, journey) -> {
            requests++;
            for (LatencyPart part : LatencyPart.values()) {
                parts.merge(part, journey.of(part), Long::sum);
            }
        });
    }

    Platform machine() {
        return machine;
    }

    PciFunction function() {
        return function;
    }

    DmaChannel channel() {
        return channel;
    }

    /** Where the device finds memory from {@link #PHYSICAL} on. */
    long iova() {
        return driver == null ? PHYSICAL : IOVA;
    }

    /** What maps, if there is translation. */
    @Nullable
    IommuDriver driver() {
        return driver;
    }

    /** How software waits. */
    Patience patience() {
        EventLoop loop = machine.loop();
        return new Patience() {
            @Override
            public boolean await(BooleanSupplier done, long picoseconds) {
                return machine.await(done, loop.now() + picoseconds);
            }

            @Override
            public void later(long picoseconds, Runnable work) {
                loop.schedule(loop.now() + picoseconds, (time, data) -> work.run(), 0);
            }
        };
    }

    /** Maps memory from {@link #PHYSICAL} on, if there is translation. */
    void map(long bytes, int pageShift) {
        if (driver != null) {
            long page = 1L << pageShift;
            driver.map(
                    DEVICE,
                    IommuDriver.NO_PASID,
                    IOVA,
                    PHYSICAL,
                    bytes + page - 1 & -page,
                    pageShift,
                    IommuDriver.READ | IommuDriver.WRITE);
        }
    }

    /** Where the device finds the doorbell of its interrupts. */
    long doorbell() {
        if (machine.smmu() == null) {
            return VTD_MESSAGES;
        }
        return driver == null ? MessageInterrupts.DOORBELL : driver.mapDoorbell(DEVICE, MessageInterrupts.DOORBELL);
    }

    /** Lets time pass until so many units are done, however long that takes; returns false if no further one is done for {@link #PATIENCE}. */
    boolean until(LongSupplier done, long units) {
        long before = -1;
        while (done.getAsLong() < units && done.getAsLong() != before) {
            before = done.getAsLong();
            machine.await(() -> done.getAsLong() >= units, machine.loop().now() + PATIENCE);
        }
        return done.getAsLong() >= units;
    }

    /** Says what else requests wait for, before they come to the link. */
    void deviceResources(List<Resource> resources) {
        ofDevice = List.copyOf(resources);
    }

    private List<Resource> resources() {
        List<Resource> all = new ArrayList<>(ofDevice);
        all.addAll(machine.resources());
        return all;
    }

    /** From now on is counted. */
    void begin() {
        begun = machine.loop().now();
        resources().forEach(Resource::resetStatistics);
        meter.reset();
        parts.clear();
        requests = 0;
        lookups = machine.unit().iotlb().cache().counters().lookups();
        hits = machine.unit().iotlb().cache().counters().hits();
        walks = machine.timed().misses();
        tableReads = machine.timed().tableReads();
        refused = machine.bridge().refused();
        atcLookups = channel.statistics().get(AtsStatistics.Counter.LOOKUPS);
        atcHits = channel.statistics().get(AtsStatistics.Counter.HITS);
    }

    /** What was counted. */
    DeviceFigures figures(Device d, long units, long bytes, long dropped) {
        long time = machine.loop().now() - begun;
        Map<LatencyPart, Double> means = new EnumMap<>(LatencyPart.class);
        parts.forEach((part, sum) -> means.put(part, requests == 0 ? 0 : (double) sum / requests));
        return new DeviceFigures(
                d.name,
                translation,
                d.mapping,
                d.unit,
                time,
                units,
                bytes,
                requests,
                means,
                meter.figures(time, machine.parameters().tags()),
                machine.unit().iotlb().cache().counters().lookups() - lookups,
                machine.unit().iotlb().cache().counters().hits() - hits,
                machine.timed().misses() - walks,
                machine.timed().tableReads() - tableReads,
                channel.statistics().get(AtsStatistics.Counter.LOOKUPS) - atcLookups,
                channel.statistics().get(AtsStatistics.Counter.HITS) - atcHits,
                machine.bridge().refused() - refused,
                dropped,
                d.latency,
                d.line < 0 ? -1 : d.line * units / time,
                d.software < 0 ? -1 : (double) d.software / time,
                resources().stream().map(r -> r.statistics(time)).toList());
    }

    @Override
    public void close() {
        machine.close();
    }
}
