// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

import java.util.List;
import java.util.Map;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.time.ResourceStatistics;
import org.jspecify.annotations.Nullable;

/**
 * What a device got through in a stretch of time. All times in ps.
 *
 * @param device which
 * @param translation what became of its addresses
 * @param mapping when its buffers are mapped
 * @param unit what {@code units} are: packets, I/Os
 * @param time how long it was measured
 * @param units packets, or I/Os
 * @param bytes their data
 * @param requests requests that went through the IOMMU, each TLP one
 * @param parts mean time of those by what it was spent on, in the IOMMU
 * @param link what was seen on its link
 * @param lookups of the IOTLB
 * @param hits of those
 * @param walks requests for which tables were read
 * @param tableReads how many reads of tables and structures
 * @param atcLookups of the device's ATC
 * @param atcHits of those
 * @param refused requests that the IOMMU refused
 * @param dropped packets that were dropped
 * @param latency of requests of software, if it is known
 * @param line how much of the time the device's line was busy, 0 to 1; negative if it has none
 * @param software how much of the time software spent on mapping and unmapping, 0 to 1; negative if it has no part in it
 * @param resources what requests waited for
 */
public record DeviceFigures(
        String device,
        Translation translation,
        Mapping mapping,
        String unit,
        long time,
        long units,
        long bytes,
        long requests,
        Map<LatencyPart, Double> parts,
        LinkFigures link,
        long lookups,
        long hits,
        long walks,
        long tableReads,
        long atcLookups,
        long atcHits,
        long refused,
        long dropped,
        @Nullable UnitLatency latency,
        double line,
        double software,
        List<ResourceStatistics> resources) {
    private static final double GIGA = 1e9;

    /** Takes copies. */
    public DeviceFigures {
        parts = Map.copyOf(parts);
        resources = List.copyOf(resources);
    }

    /** Data, in 10^9 bytes a second. */
    public double gigabytesPerSecond() {
        return unitsPerSecond(bytes) / GIGA;
    }

    /** Packets, or I/Os, a second. */
    public double unitsPerSecond() {
        return unitsPerSecond(units);
    }

    private double unitsPerSecond(long count) {
        return time == 0 ? 0 : (double) count * Picoseconds.PER_SECOND / time;
    }

    /** What reports call this run beside others of the device. */
    public String label() {
        return mapping == Mapping.ONCE ? translation.label() : translation.label() + " " + mapping.label();
    }

    /** Mean time in the IOMMU. */
    public double inIommu() {
        return parts.values().stream().mapToDouble(Double::doubleValue).sum();
    }
}
