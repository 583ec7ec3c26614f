// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.timing.LookupParameters;
import org.iommuemu.iommu.timing.TableMemoryParameters;
import org.iommuemu.iommu.timing.TimingParameters;
import org.iommuemu.iommu.timing.WalkParameters;
import org.iommuemu.pcie.FlowControl;
import org.iommuemu.pcie.LinkGeneration;
import org.iommuemu.pcie.LinkParameters;
import org.iommuemu.time.ByteRate;
import org.iommuemu.time.Picoseconds;
import org.jspecify.annotations.Nullable;

/**
 * What a machine is made of. All times in ps.
 *
 * @param caches of the IOMMU
 * @param timing what the IOMMU costs
 * @param link of each device
 * @param credits of each link
 * @param propagation of each link, one way
 * @param completionBytes how much data the root complex puts into one completion at most
 * @param rootComplex latency of the root complex, each way
 * @param memoryLatency from the IOMMU to the data and back
 * @param memoryRate at which all data are moved; null for no limit
 * @param tags requests that a function can have outstanding
 * @param completionTimeout of each function's requests
 * @param invalidationTimeout of Invalidate Requests
 * @param interruptLatency from an interrupt's arrival until its handler runs
 */
public record PlatformParameters(
        CacheConfiguration caches,
        TimingParameters timing,
        LinkParameters link,
        FlowControl credits,
        long propagation,
        int completionBytes,
        long rootComplex,
        long memoryLatency,
        @Nullable ByteRate memoryRate,
        int tags,
        long completionTimeout,
        long invalidationTimeout,
        long interruptLatency) {

    /** Round figures of a server with Gen4 x16 devices, none of them measured. */
    public static PlatformParameters standard() {
        return new PlatformParameters(
                CacheConfiguration.standard(),
                new TimingParameters(
                        new LookupParameters(1, 0, Picoseconds.ofNanoseconds(2)),
                        new WalkParameters(8, 8, 0, 0, WalkParameters.Recovery.NONE, false),
                        new TableMemoryParameters(Picoseconds.ofNanoseconds(80), 0, 0, 1),
                        64,
                        64),
                LinkParameters.of(LinkGeneration.GEN4, 16, 256, 512),
                FlowControl.INFINITE,
                Picoseconds.ofNanoseconds(150),
                256,
                Picoseconds.ofNanoseconds(50),
                Picoseconds.ofNanoseconds(80),
                null,
                256,
                Picoseconds.ofNanoseconds(50_000_000),
                Picoseconds.ofNanoseconds(60_000_000_000L),
                Picoseconds.ofNanoseconds(1_000));
    }

    /** The same with other caches of the IOMMU. */
    public PlatformParameters withCaches(CacheConfiguration other) {
        return new PlatformParameters(
                other,
                timing,
                link,
                credits,
                propagation,
                completionBytes,
                rootComplex,
                memoryLatency,
                memoryRate,
                tags,
                completionTimeout,
                invalidationTimeout,
                interruptLatency);
    }
}
