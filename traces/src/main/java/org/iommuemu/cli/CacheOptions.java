// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.lang.reflect.Field;
import java.util.Objects;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.capture.InputException;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.paging.WalkCaches;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The options that shape the IOMMU's caches. */
final class CacheOptions {
    /** Of all caches together: a quarter of a gibibyte. */
    private static final int MOST_ENTRIES = 1 << 22;

    private static final int CACHES_OF_WALKS = 2 * WalkCaches.COUNT;

    @Option(
            names = "--iotlb",
            paramLabel = "ENTRIES",
            description = "IOTLB entries, 0 for none (default: ${DEFAULT-VALUE})")
    private int iotlb = 2048;

    @Option(
            names = "--iotlb-ways",
            paramLabel = "WAYS",
            description = "IOTLB ways, 0 for fully associative (default: ${DEFAULT-VALUE})")
    private int iotlbWays = 8;

    @Option(
            names = "--config-cache",
            paramLabel = "ENTRIES",
            description = "configuration cache entries, 4-way (default: ${DEFAULT-VALUE})")
    private int configuration = 64;

    @Option(
            names = "--ipa-cache",
            paramLabel = "ENTRIES",
            description = "IPA cache entries (stage 2), 4-way (default: ${DEFAULT-VALUE})")
    private int ipa = 512;

    @Option(
            names = "--walk-cache",
            paramLabel = "ENTRIES",
            description = "walk cache entries of each level, 4-way (default: ${DEFAULT-VALUE})")
    private int walk = 64;

    @Option(
            names = "--policy",
            paramLabel = "POLICY",
            description = "replacement policy of the IOTLB: lru, tree-plru, round-robin, random, fifo, srrip, lfu, or"
                    + " oracle of a DMA trace (default: ${DEFAULT-VALUE})")
    private String policy = "lru";

    @Option(names = "--seed", paramLabel = "N", description = "seed of the random policy (default: ${DEFAULT-VALUE})")
    private long seed = 1;

    @Option(names = "--contiguous", description = "let the IOTLB cache runs of leaves marked contiguous as one entry")
    private boolean contiguous;

    /**
     * Makes sure that none of these options was given.
     *
     * @param other what they do not go with
     * @throws InputException naming the first that was
     */
    void refuse(@Nullable CommandSpec spec, String other) {
        for (Field field : CacheOptions.class.getDeclaredFields()) {
            Option option = field.getAnnotation(Option.class);
            boolean given = option != null
                    && Objects.requireNonNull(spec)
                            .commandLine()
                            .getParseResult()
                            .hasMatchedOption(option.names()[0]);
            if (given) {
                throw new InputException(option.names()[0] + " with " + other, "caches in the file of --config");
            }
        }
    }

    /** The caches of a machine that is run once. */
    CacheConfiguration configuration() {
        CacheConfiguration configured = offlineConfiguration();
        if (configured.iotlb().policy() == ReplacementPolicy.ORACLE) {
            throw new InputException(
                    "--policy is oracle, which takes a DMA trace that is replayed by itself",
                    "one of " + ReplacementPolicy.onlineLabels());
        }
        return configured;
    }

    /** The caches, of which the IOTLB may have the policy {@link ReplacementPolicy#ORACLE}. */
    CacheConfiguration offlineConfiguration() {
        ReplacementPolicy iotlbPolicy;
        try {
            iotlbPolicy = ReplacementPolicy.parse(policy);
        } catch (IllegalArgumentException e) {
            throw new InputException("--policy is '" + policy + "'", "one of " + ReplacementPolicy.labels());
        }
        long all = (long) iotlb + configuration + ipa + (long) walk * CACHES_OF_WALKS;
        CacheGeometry walks = geometry("--walk-cache", walk, 4, ReplacementPolicy.LRU);
        CacheConfiguration configured = CacheConfiguration.uniform(walks)
                .withConfiguration(geometry("--config-cache", configuration, 4, ReplacementPolicy.LRU))
                .withIotlb(geometry("--iotlb", iotlb, iotlbWays, iotlbPolicy))
                .withIpa(geometry("--ipa-cache", ipa, 4, ReplacementPolicy.LRU))
                .withContiguousHonoured(contiguous);
        if (all > MOST_ENTRIES) {
            throw new InputException(
                    "the caches have " + all + " entries together, " + CACHES_OF_WALKS + " times those of --walk-cache"
                            + " among them",
                    "at most " + MOST_ENTRIES);
        }
        return configured;
    }

    private CacheGeometry geometry(String option, int entries, int ways, ReplacementPolicy replacement) {
        if (entries < 0 || entries > MOST_ENTRIES) {
            throw new InputException(option + " is " + entries, "a number from 0 to " + MOST_ENTRIES);
        }
        if (entries == 0) {
            return CacheGeometry.none();
        }
        if (ways < 0) {
            throw new InputException(option + "-ways is " + ways, "0 (fully associative) or more");
        }
        int effective = ways == 0 ? entries : Math.min(ways, entries);
        if (entries % effective != 0) {
            throw new InputException(option + " is " + entries, "a multiple of its ways, " + effective);
        }
        return new CacheGeometry(entries / effective, effective, replacement, seed);
    }
}
