// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

import java.util.EnumMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.time.Resource;
import org.jspecify.annotations.Nullable;

/** A machine with one device, and what is counted of it from a moment on. */
final class MachineRun implements AutoCloseable {
    static final int DEVICE = 0x100;
    static final long PHYSICAL = 1L << 32;

    private static final long IOVA = 1L << 30;
    private static final long PATIENCE = 10 * Picoseconds.PER_SECOND;

    private final Platform machine;
    private final Translation translation;
    private final @Nullable IommuDriver driver;
    private final PciFunction function;
    private final LinkMeter meter;
    private final Map<LatencyPart, Long> parts = new EnumMap<>(LatencyPart.class);
    private long requests;
    private long begun;
    private long lookups;
    private long hits;
    private long walks;
    private long tableReads;
    private long refused;

    MachineRun(PlatformParameters parameters, boolean vtd, StageLayout stages, Translation translation) {
        machine = vtd ? Platform.vtd(parameters) : Platform.smmuv3(parameters);
        this.translation = translation;
        driver = translation == Translation.OFF ? null : machine.startDriver(stages);
        function = machine.addFunction(DEVICE);
        function.enableBusMaster();
        meter = new LinkMeter(machine.loop());
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

    /** Where the device finds memory from {@link #PHYSICAL} on. */
    long iova() {
        return driver == null ? PHYSICAL : IOVA;
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

    /** Maps a page of the device's, if there is translation; returns where the device finds it. */
    long mapDoorbell(long physical) {
        if (driver == null || machine.smmu() == null) {
            return physical;
        }
        driver.map(DEVICE, IommuDriver.NO_PASID, 0x1000_0000L, physical & -4096, 4096, 12, IommuDriver.WRITE);
        return 0x1000_0000L | physical & 0xFFF;
    }

    /** Lets time pass until so many units are done; returns whether they are. */
    boolean until(LongSupplier done, long units) {
        return machine.await(() -> done.getAsLong() >= units, machine.loop().now() + PATIENCE);
    }

    /** From now on is counted. */
    void begin() {
        begun = machine.loop().now();
        machine.resources().forEach(Resource::resetStatistics);
        meter.reset();
        parts.clear();
        requests = 0;
        lookups = machine.unit().iotlb().cache().counters().lookups();
        hits = machine.unit().iotlb().cache().counters().hits();
        walks = machine.timed().misses();
        tableReads = machine.timed().tableReads();
        refused = machine.bridge().refused();
    }

    /** What was counted. */
    DeviceFigures figures(String device, String unit, long units, long bytes, long dropped) {
        long time = machine.loop().now() - begun;
        Map<LatencyPart, Double> means = new EnumMap<>(LatencyPart.class);
        parts.forEach((part, sum) -> means.put(part, requests == 0 ? 0 : (double) sum / requests));
        return new DeviceFigures(
                device,
                translation,
                unit,
                time,
                units,
                bytes,
                requests,
                means,
                meter.wireTime(),
                meter.readTime(),
                meter.reads(),
                meter.tags(),
                machine.parameters().tags(),
                machine.unit().iotlb().cache().counters().lookups() - lookups,
                machine.unit().iotlb().cache().counters().hits() - hits,
                machine.timed().misses() - walks,
                machine.timed().tableReads() - tableReads,
                0,
                0,
                machine.bridge().refused() - refused,
                dropped,
                machine.resources().stream().map(r -> r.statistics(time)).toList());
    }

    @Override
    public void close() {
        machine.close();
    }
}
