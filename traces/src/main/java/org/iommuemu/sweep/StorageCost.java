// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.util.List;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.timing.LookupParameters;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.PlatformSettings;
import org.iommuemu.preset.Settings;

/**
 * Bits of storage of a machine's caches, to compare sizes with and no more: tags, data, a valid bit for each entry, and the state of
 * the replacement policy. Addresses have 48 bits on either side. docs/sweep.md has the formula.
 */
final class StorageCost {
    private static final int VALID = 1;
    private static final int PAGE_NUMBER = 36;
    private static final int LEVEL_BITS = 9;
    private static final int ASID = 16;
    private static final int VMID = 16;
    private static final int PASID = 20;
    private static final int STREAM = 32;
    private static final int PAGE_SIZE = 3;
    private static final int ATTRIBUTES = 12;
    private static final int PERMISSIONS = 5;
    /** A stream table entry and a context descriptor, 64 bytes each. */
    private static final int CONFIGURATION = 1024;

    private StorageCost() {}

    /**
     * All caches of a point.
     *
     * @param timed whether it has those that only a machine with times has: micro-TLBs, the level behind them, one device's ATC
     */
    static long bits(Settings s, boolean timed) {
        CacheConfiguration caches = MachineParameters.offlineCaches(s);
        int translation = PAGE_NUMBER + ASID + VMID + PAGE_SIZE + PAGE_NUMBER + ATTRIBUTES;
        long bits = bits(caches.iotlb(), translation)
                + bits(caches.configuration(), STREAM + PASID + CONFIGURATION)
                + walks(caches.walk());
        if (s.text(Parameter.STAGES).equals("nested")) {
            bits += bits(caches.ipa(), translation - ASID) + walks(caches.stage2Walk());
        }
        if (timed) {
            LookupParameters lookups = MachineParameters.timing(s).lookups();
            bits += level(lookups.micro(), translation) + level(lookups.first(), translation);
            if (s.integer(Parameter.ATC_ENTRIES) > 0) {
                bits += bits(
                        PlatformSettings.atc(s).geometry(),
                        PAGE_NUMBER + PASID + PAGE_SIZE + PAGE_NUMBER + PERMISSIONS);
            }
        }
        return bits;
    }

    private static long level(LookupParameters.Level level, int width) {
        return level.instances() * bits(level.geometry(), width);
    }

    private static long walks(List<CacheGeometry> caches) {
        long bits = 0;
        for (int height = 1; height <= caches.size(); height++) {
            int tag = Math.max(0, PAGE_NUMBER - height * LEVEL_BITS);
            bits += bits(caches.get(height - 1), tag + ASID + VMID + PAGE_NUMBER);
        }
        return bits;
    }

    /**
     * Bits of one cache.
     *
     * @param width of tag and data of an entry, if there is one set: each bit of a set's number is one less to be stored
     */
    static long bits(CacheGeometry g, int width) {
        long entries = (long) g.sets() * g.ways();
        return entries == 0
                ? 0
                : entries * (width + VALID - log2(g.sets())) + g.sets() * replacement(g.policy(), g.ways());
    }

    /** Of a set; what is no hardware, or draws its victims, has none. */
    private static long replacement(ReplacementPolicy policy, int ways) {
        return switch (policy) {
            case LRU -> (long) ways * log2(ways);
            case TREE_PLRU -> ways - 1L;
            case ROUND_ROBIN, FIFO -> log2(ways);
            case SRRIP -> 2L * ways;
            case LFU -> 4L * ways;
            default -> 0;
        };
    }

    /** Bits for so many numbers. */
    private static int log2(int numbers) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(numbers - 1);
    }
}
