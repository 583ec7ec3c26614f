// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.preset;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.capture.InputException;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.timing.TimingParameters;
import org.iommuemu.paging.WalkCaches;

/** What {@link Settings} come to in the words of the model. */
public final class MachineParameters {
    private static final long SEED = 1;

    private MachineParameters() {}

    /**
     * The caches.
     *
     * @throws InputException if entries and ways do not go together
     */
    public static CacheConfiguration caches(Settings s) {
        List<CacheGeometry> walk = new ArrayList<>();
        for (int height = 1; height <= WalkCaches.COUNT; height++) {
            Parameter entries = height == 1
                    ? Parameter.WALK_CACHE_1
                    : height == 2 ? Parameter.WALK_CACHE_2 : Parameter.WALK_CACHE_3;
            walk.add(geometry(s, entries, Parameter.WALK_CACHE_WAYS, Parameter.WALK_CACHE_POLICY));
        }
        CacheGeometry iotlb = geometry(s, Parameter.IOTLB_ENTRIES, Parameter.IOTLB_WAYS, Parameter.IOTLB_POLICY);
        CacheGeometry configuration = geometry(
                s,
                Parameter.CONFIGURATION_CACHE,
                Parameter.CONFIGURATION_CACHE_WAYS,
                Parameter.CONFIGURATION_CACHE_POLICY);
        int ipa = s.integer(Parameter.IPA_CACHE);
        CacheGeometry second =
                ipa == 0 ? CacheGeometry.none() : CacheGeometry.fullyAssociative(ipa, ReplacementPolicy.LRU);
        return new CacheConfiguration(configuration, iotlb, second, walk, walk, false);
    }

    static CacheGeometry geometry(Settings s, Parameter entries, Parameter ways, Parameter policy) {
        int all = s.integer(entries);
        int width = s.integer(ways) == 0 ? all : s.integer(ways);
        if (all == 0) {
            return CacheGeometry.none();
        }
        if (all % width != 0) {
            throw new InputException(
                    entries.key() + " is " + all + " and " + ways.key() + " is " + width,
                    "entries that are a multiple of the ways");
        }
        return new CacheGeometry(all / width, width, ReplacementPolicy.parse(s.text(policy)), SEED);
    }

    /** What the IOMMU costs. */
    public static TimingParameters timing(Settings s) {
        return new TimingParameters(
                new TimingParameters.Lookup(
                        s.integer(Parameter.LOOKUP_PORTS),
                        s.picoseconds(Parameter.LOOKUP_INTERVAL),
                        s.picoseconds(Parameter.LOOKUP_LATENCY)),
                new TimingParameters.Walk(
                        s.integer(Parameter.WALKERS),
                        s.integer(Parameter.READ_WALKERS),
                        s.picoseconds(Parameter.WALK_BEFORE),
                        s.picoseconds(Parameter.WALK_AFTER),
                        new TimingParameters.Recovery(
                                s.picoseconds(Parameter.WALK_RECOVERY),
                                s.picoseconds(Parameter.LARGE_READ_RECOVERY),
                                s.integer(Parameter.LARGE_READ_FROM),
                                s.picoseconds(Parameter.WRITE_RECOVERY)),
                        s.isOn(Parameter.SERIAL_LEAF_TABLES)),
                new TimingParameters.Tables(
                        s.picoseconds(Parameter.TABLE_LATENCY),
                        s.number(Parameter.TABLE_SLOW_FRACTION),
                        s.picoseconds(Parameter.TABLE_SLOW_EXTRA),
                        SEED),
                s.integer(Parameter.READ_WINDOW),
                s.integer(Parameter.WRITE_WINDOW));
    }
}
