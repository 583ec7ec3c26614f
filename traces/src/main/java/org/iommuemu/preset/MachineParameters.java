// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.preset;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.capture.InputException;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.timing.LookupParameters;
import org.iommuemu.iommu.timing.TableMemoryParameters;
import org.iommuemu.iommu.timing.TimingParameters;
import org.iommuemu.iommu.timing.WalkParameters;
import org.iommuemu.paging.WalkCaches;

/** What {@link Settings} come to in the words of the model. */
public final class MachineParameters {
    private static final long SEED = 1;
    /** In all instances of a TLB. */
    private static final long MOST_ENTRIES = 1 << 22;

    /** What can have an oracle. */
    private static final List<Parameter> ORACLES = List.of(
            Parameter.CONFIGURATION_CACHE_POLICY,
            Parameter.IOTLB_POLICY,
            Parameter.WALK_CACHE_POLICY,
            Parameter.IPA_CACHE_POLICY);

    private MachineParameters() {}

    /**
     * The caches of a machine that is run once.
     *
     * @throws InputException if entries and ways do not go together, or a policy is the oracle
     */
    public static CacheConfiguration caches(Settings s) {
        for (Parameter policy : ORACLES) {
            if (isOracle(s, policy)) {
                throw new InputException(
                        s.name() + ": " + policy.key()
                                + " is oracle, which takes a DMA trace that is replayed by itself",
                        "one of " + ReplacementPolicy.onlineLabels());
            }
        }
        return offlineCaches(s);
    }

    /**
     * Makes sure that an oracle can know what a timed machine will do.
     *
     * @throws InputException if the machine fetches ahead, which depends on what the IOTLB holds, or devices have ATCs, which
     *     passes without time do not
     */
    public static void checkOracle(Settings s) {
        for (Parameter policy : ORACLES) {
            boolean fetchesAhead = s.integer(Parameter.PREFETCH_DEPTH) > 0;
            if (isOracle(s, policy) && (fetchesAhead || PathSettings.hasAtcs(s))) {
                Parameter other = fetchesAhead ? Parameter.PREFETCH_DEPTH : Parameter.ATC_ENTRIES;
                throw new InputException(
                        s.name() + ": " + policy.key() + " is oracle and " + other.key() + " is " + s.integer(other),
                        "neither prefetch nor ATCs with an oracle");
            }
        }
    }

    private static boolean isOracle(Settings s, Parameter policy) {
        return ReplacementPolicy.parse(s.text(policy)) == ReplacementPolicy.ORACLE;
    }

    /**
     * The caches, of which some may have the policy {@link ReplacementPolicy#ORACLE}.
     *
     * @throws InputException if entries and ways do not go together
     */
    public static CacheConfiguration offlineCaches(Settings s) {
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
        CacheGeometry ipa = geometry(s, Parameter.IPA_CACHE, Parameter.IPA_CACHE_WAYS, Parameter.IPA_CACHE_POLICY);
        return new CacheConfiguration(configuration, iotlb, ipa, walk, stage2Walk(s, walk), false);
    }

    /** Walk caches of the second stage: like those of the first, where nothing else is said. */
    private static List<CacheGeometry> stage2Walk(Settings s, List<CacheGeometry> first) {
        List<CacheGeometry> walk = new ArrayList<>();
        Parameter[] entries = {
            Parameter.STAGE2_WALK_CACHE_1, Parameter.STAGE2_WALK_CACHE_2, Parameter.STAGE2_WALK_CACHE_3
        };
        for (int height = 1; height <= WalkCaches.COUNT; height++) {
            Parameter p = entries[Math.min(height, entries.length) - 1];
            walk.add(
                    s.integer(p) < 0
                            ? first.get(height - 1)
                            : geometry(s, p, Parameter.WALK_CACHE_WAYS, Parameter.WALK_CACHE_POLICY));
        }
        return walk;
    }

    /** Which stages devices get, where the machine is made for a trace. */
    public static StageLayout stages(Settings s) {
        return StageLayout.parse(s.text(Parameter.STAGES));
    }

    /** A cache of so many entries and ways. */
    static CacheGeometry geometry(Settings s, Parameter entries, Parameter ways, Parameter policy) {
        int all = s.integer(entries);
        int width = s.integer(ways) == 0 ? all : s.integer(ways);
        if (all == 0) {
            return CacheGeometry.none();
        }
        if (all % width != 0) {
            throw new InputException(
                    s.name() + ": " + entries.key() + " is " + all + " and " + ways.key() + " is " + width,
                    "entries that are a multiple of the ways");
        }
        return new CacheGeometry(all / width, width, ReplacementPolicy.parse(s.text(policy)), SEED);
    }

    /**
     * What the IOMMU costs.
     *
     * @throws InputException if entries and ways do not go together
     */
    public static TimingParameters timing(Settings s) {
        return new TimingParameters(
                lookups(s),
                walk(s),
                tables(s),
                new TimingParameters.Ordering(
                        s.integer(Parameter.READ_WINDOW),
                        s.integer(Parameter.WRITE_WINDOW),
                        s.choice(Parameter.ORDERING_SCOPE, TimingParameters.Ordering.Scope.class)),
                new TimingParameters.Commands(
                        s.picoseconds(Parameter.COMMAND_FETCH),
                        s.picoseconds(Parameter.COMMAND_EXECUTE),
                        s.picoseconds(Parameter.COMMAND_INVALIDATE),
                        s.picoseconds(Parameter.COMMAND_LOOKUPS_BLOCKED),
                        s.picoseconds(Parameter.COMMAND_SYNC)),
                new TimingParameters.Prefetch(s.integer(Parameter.PREFETCH_DEPTH), s.isOn(Parameter.PREFETCH_ON_HIT)));
    }

    private static LookupParameters lookups(Settings s) {
        CacheGeometry micro =
                geometry(s, Parameter.MICRO_TLB_ENTRIES, Parameter.MICRO_TLB_WAYS, Parameter.MICRO_TLB_POLICY);
        CacheGeometry first =
                geometry(s, Parameter.FIRST_TLB_ENTRIES, Parameter.FIRST_TLB_WAYS, Parameter.FIRST_TLB_POLICY);
        limit(s, Parameter.MICRO_TLB_ENTRIES, Parameter.MICRO_TLB_INSTANCES);
        limit(s, Parameter.FIRST_TLB_ENTRIES, Parameter.FIRST_TLB_INSTANCES);
        return new LookupParameters(
                s.picoseconds(Parameter.CONFIGURATION_LATENCY),
                new LookupParameters.Level(
                        micro,
                        s.integer(Parameter.MICRO_TLB_INSTANCES),
                        new LookupParameters.Lookup(
                                s.integer(Parameter.MICRO_TLB_PORTS),
                                s.picoseconds(Parameter.MICRO_TLB_INTERVAL),
                                s.picoseconds(Parameter.MICRO_TLB_LATENCY))),
                new LookupParameters.Level(
                        first,
                        s.integer(Parameter.FIRST_TLB_INSTANCES),
                        new LookupParameters.Lookup(
                                s.integer(Parameter.FIRST_TLB_PORTS),
                                s.picoseconds(Parameter.FIRST_TLB_INTERVAL),
                                s.picoseconds(Parameter.FIRST_TLB_LATENCY))),
                new LookupParameters.Lookup(
                        s.integer(Parameter.LOOKUP_PORTS),
                        s.picoseconds(Parameter.LOOKUP_INTERVAL),
                        s.picoseconds(Parameter.LOOKUP_LATENCY)),
                s.isOn(Parameter.HIT_UNDER_MISS));
    }

    private static void limit(Settings s, Parameter entries, Parameter instances) {
        long all = (long) s.integer(entries) * s.integer(instances);
        if (all > MOST_ENTRIES) {
            throw new InputException(
                    s.name() + ": " + entries.key() + " by " + instances.key() + " is " + all,
                    "at most " + MOST_ENTRIES + " together");
        }
    }

    private static WalkParameters walk(Settings s) {
        int pending = s.integer(Parameter.WALK_PENDING);
        return new WalkParameters(
                s.integer(Parameter.WALKERS),
                s.integer(Parameter.READ_WALKERS),
                pending == 0 ? Integer.MAX_VALUE : pending,
                s.isOn(Parameter.WALK_MERGING),
                s.picoseconds(Parameter.WALK_BEFORE),
                s.picoseconds(Parameter.WALK_AFTER),
                new WalkParameters.Recovery(
                        s.picoseconds(Parameter.WALK_RECOVERY),
                        s.picoseconds(Parameter.LARGE_READ_RECOVERY),
                        s.integer(Parameter.LARGE_READ_FROM),
                        s.picoseconds(Parameter.WRITE_RECOVERY)),
                new WalkParameters.Hits(
                        s.picoseconds(Parameter.WALK_CACHE_HIT),
                        s.picoseconds(Parameter.STAGE2_WALK_CACHE_HIT),
                        s.picoseconds(Parameter.IPA_CACHE_HIT)),
                s.isOn(Parameter.SERIAL_LEAF_TABLES));
    }

    /** A rate that is not 0 is at least one bit a second. */
    private static long bitsPerSecond(double gigabits) {
        return gigabits == 0 ? 0 : Math.max(1, Math.round(gigabits * 1e9));
    }

    private static TableMemoryParameters tables(Settings s) {
        int outstanding = s.integer(Parameter.TABLE_OUTSTANDING);
        return new TableMemoryParameters(
                s.picoseconds(Parameter.TABLE_LATENCY),
                new TableMemoryParameters.Slow(
                        s.number(Parameter.TABLE_SLOW_FRACTION), s.picoseconds(Parameter.TABLE_SLOW_EXTRA), SEED),
                geometry(s, Parameter.TABLE_LINES, Parameter.TABLE_LINES_WAYS, Parameter.TABLE_LINES_POLICY),
                s.picoseconds(Parameter.TABLE_LINES_LATENCY),
                outstanding == 0 ? Integer.MAX_VALUE : outstanding,
                bitsPerSecond(s.number(Parameter.TABLE_GBPS)));
    }
}
