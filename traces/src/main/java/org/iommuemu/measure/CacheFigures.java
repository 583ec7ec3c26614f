// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.iommuemu.ats.AddressTranslationCache;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.device.DmaPath;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.paging.Walker;
import org.jspecify.annotations.Nullable;

/**
 * Figures of one cache.
 *
 * @param name the cache
 * @param entries capacity
 * @param ways associativity
 * @param policy replacement policy
 * @param lookups hits and misses
 * @param hits lookups that found an entry
 * @param misses lookups that did not
 * @param fills entries written
 * @param evictions valid entries replaced
 * @param invalidations entries dropped by commands
 * @param occupied entries that are valid in the end
 */
public record CacheFigures(
        String name,
        int entries,
        int ways,
        String policy,
        long lookups,
        long hits,
        long misses,
        long fills,
        long evictions,
        long invalidations,
        int occupied) {
    private static final String CONFIGURATION = "configuration";
    private static final String IOTLB = "iotlb";
    private static final String ATC = "atc";

    /**
     * All caches of a machine with times, in the order of a lookup.
     *
     * @param level the architecture's number for a height of tables
     */
    static List<CacheFigures> of(
            TimedTranslation timed, @Nullable DmaPath path, TranslationUnit unit, IntUnaryOperator level) {
        List<CacheFigures> all = new ArrayList<>(of(unit, level));
        List<SetAssociativeCache> first = timed.lookups().firstLevel();
        if (!first.isEmpty()) {
            all.add(1, sum("first-level-iotlb", first));
        }
        List<SetAssociativeCache> micro = timed.lookups().microTlbs();
        if (!micro.isEmpty()) {
            all.add(1, sum("micro-tlb", micro));
        }
        all.add(of("table-lines", timed.tableLines()));
        all.add(atc(path));
        return all;
    }

    /** Those of all devices that were heard of, as one; they may be more later. */
    private static CacheFigures atc(@Nullable DmaPath path) {
        List<SetAssociativeCache> caches = path == null
                ? List.of()
                : path.caches().stream().map(AddressTranslationCache::cache).toList();
        return caches.isEmpty() ? of(ATC, new SetAssociativeCache(ATC, CacheGeometry.none())) : sum(ATC, caches);
    }

    /** Several equal caches as one. */
    private static CacheFigures sum(String name, List<SetAssociativeCache> caches) {
        return caches.stream().map(c -> of(name, c)).reduce(CacheFigures::plus).orElseThrow();
    }

    private CacheFigures plus(CacheFigures other) {
        return new CacheFigures(
                name,
                entries + other.entries,
                ways,
                policy,
                lookups + other.lookups,
                hits + other.hits,
                misses + other.misses,
                fills + other.fills,
                evictions + other.evictions,
                invalidations + other.invalidations,
                occupied + other.occupied);
    }

    /**
     * All caches of a unit, in the order of a lookup.
     *
     * @param level the architecture's number for a height of tables
     */
    public static List<CacheFigures> of(TranslationUnit unit, IntUnaryOperator level) {
        List<CacheFigures> all = new ArrayList<>();
        all.add(of(CONFIGURATION, unit.configurations().cache()));
        all.add(of(IOTLB, unit.iotlb().cache()));
        addWalkCaches("walk-level-", unit.walker(), level, all);
        all.add(of("ipa", unit.stageTwo().cache().cache()));
        addWalkCaches("stage2-walk-level-", unit.stageTwo().walker(), level, all);
        return all;
    }

    private static void addWalkCaches(String name, Walker walker, IntUnaryOperator level, List<CacheFigures> all) {
        int height = 1;
        for (SetAssociativeCache c : walker.caches().caches()) {
            all.add(of(name + level.applyAsInt(height++), c));
        }
    }

    private static CacheFigures of(String name, SetAssociativeCache c) {
        return new CacheFigures(
                name,
                c.capacity(),
                c.geometry().ways(),
                c.geometry().policy().label(),
                c.counters().lookups(),
                c.counters().hits(),
                c.counters().misses(),
                c.counters().fills(),
                c.counters().evictions(),
                c.counters().invalidations(),
                c.size());
    }

    /** What was counted since these figures were taken of the same cache. */
    CacheFigures since(CacheFigures before) {
        return new CacheFigures(
                name,
                entries,
                ways,
                policy,
                lookups - before.lookups,
                hits - before.hits,
                misses - before.misses,
                fills - before.fills,
                evictions - before.evictions,
                invalidations - before.invalidations,
                occupied);
    }

    /** Whether it was looked into, as the configuration cache and the IOTLB are of any machine. */
    public boolean wasUsed() {
        return lookups > 0 || name.equals(CONFIGURATION) || name.equals(IOTLB);
    }

    /** Hits in percent of lookups, 0 without any. */
    public double hitPercent() {
        return lookups == 0 ? 0 : 100.0 * hits / lookups;
    }
}
