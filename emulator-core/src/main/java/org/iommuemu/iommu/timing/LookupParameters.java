// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

import org.iommuemu.cache.CacheGeometry;

/**
 * What looking up costs. A transaction looks in one level after the other, until one has its translation; the last is the IOTLB. All
 * times in ps.
 *
 * @param configuration of the configuration cache
 * @param micro the level next to the devices
 * @param first a level between that and the IOTLB
 * @param iotlb the IOTLB itself
 * @param hitUnderMiss whether transactions that hit go on while a miss is under way
 */
public record LookupParameters(long configuration, Level micro, Level first, Lookup iotlb, boolean hitUnderMiss) {
    /** Checks the ranges. */
    public LookupParameters {
        TimingParameters.atLeast("lookup of configuration", configuration, 0);
    }

    /** An IOTLB alone. */
    public LookupParameters(int ports, long interval, long latency) {
        this(0, Level.NONE, Level.NONE, new Lookup(ports, interval, latency), true);
    }

    /**
     * A lookup.
     *
     * @param ports lookups that can begin at once
     * @param interval after how long a port can begin another
     * @param latency from its begin to its answer
     */
    public record Lookup(int ports, long interval, long latency) {
        /** Checks the ranges. */
        public Lookup {
            TimingParameters.atLeast("lookup ports", ports, 1);
            TimingParameters.atLeast("lookup interval", interval, 0);
            TimingParameters.atLeast("lookup latency", latency, 0);
        }
    }

    /**
     * A level in front of the IOTLB.
     *
     * @param geometry of each; without entries there is no such level
     * @param instances how many there are, each for some of the streams
     * @param lookup in each
     */
    public record Level(CacheGeometry geometry, int instances, Lookup lookup) {
        /** No such level. */
        public static final Level NONE = new Level(CacheGeometry.none(), 1, new Lookup(1, 0, 0));

        /** Checks the ranges. */
        public Level {
            TimingParameters.atLeast("instances", instances, 1);
        }
    }
}
