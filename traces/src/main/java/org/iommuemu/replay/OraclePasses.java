// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.cache.UseLog;
import org.iommuemu.capture.InputException;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.preset.Parameter;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceReader;
import org.jspecify.annotations.Nullable;

/**
 * What the caches of a run with the policy {@link ReplacementPolicy#ORACLE} have to know: their uses in the whole trace, each
 * recorded in a pass of its own.
 *
 * <p>A cache is asked for what those before it did not have. So the passes go in the order of the pipeline: configuration cache,
 * IOTLB, walk caches from the leaf up, IPA cache, walk caches of stage 2. In the pass of a cache it holds nothing itself, those
 * before it are as they will be in the run, and those behind it do not matter. No pass takes time.
 */
final class OraclePasses {
    private static final int RECORDS_BETWEEN_CHECKS = 1 << 12;

    private final TraceRun run;
    private final List<CacheGeometry> geometries;
    /** Null where the policy is another. */
    private final List<@Nullable UseLog> logs = new ArrayList<>();

    /** Makes the passes, of which there may be none. */
    OraclePasses(TraceRun run, ProgressListener progress) {
        this.run = run;
        geometries = geometries(run.caches());
        for (CacheGeometry geometry : geometries) {
            logs.add(geometry.policy() == ReplacementPolicy.ORACLE ? pass(logs.size(), progress) : null);
        }
    }

    private UseLog pass(int cache, ProgressListener progress) {
        UseLog log = new UseLog();
        try (TraceReader reader = TraceEncoding.open(run.trace());
                TraceReplay replay = run.replay(configuration(cache))) {
            foretell(replay);
            SetAssociativeCache recorded = caches(replay.unit()).get(cache);
            recorded.record(log);
            while (replay.run(reader, RECORDS_BETWEEN_CHECKS)) {
                progress.progress(reader.number());
                if (log.isFull()) {
                    throw new InputException(
                            run.trace() + ": more lookups of the " + recorded.name() + " than an oracle can know",
                            "at most " + UseLog.MOST_LOOKUPS + ", or a policy other than oracle");
                }
            }
            check(replay);
        }
        return log;
    }

    /** In which one cache holds nothing, and those behind it have no oracle. */
    private CacheConfiguration configuration(int cache) {
        List<CacheGeometry> all = new ArrayList<>(geometries);
        all.set(cache, CacheGeometry.none());
        for (int i = cache + 1; i < all.size(); i++) {
            CacheGeometry g = all.get(i);
            if (g.policy() == ReplacementPolicy.ORACLE) {
                all.set(i, CacheGeometry.of(g.sets(), g.ways(), ReplacementPolicy.LRU));
            }
        }
        int heights = run.caches().walk().size();
        return new CacheConfiguration(
                all.get(0),
                all.get(1),
                all.get(2 + heights),
                all.subList(2, 2 + heights),
                all.subList(3 + heights, all.size()),
                run.caches().contiguousHonoured());
    }

    private static List<CacheGeometry> geometries(CacheConfiguration caches) {
        List<CacheGeometry> all = new ArrayList<>(List.of(caches.configuration(), caches.iotlb()));
        all.addAll(caches.walk());
        all.add(caches.ipa());
        all.addAll(caches.stage2Walk());
        return all;
    }

    private static List<SetAssociativeCache> caches(TranslationUnit unit) {
        List<SetAssociativeCache> all = new ArrayList<>(
                List.of(unit.configurations().cache(), unit.iotlb().cache()));
        all.addAll(unit.walker().caches().caches());
        all.add(unit.stageTwo().cache().cache());
        all.addAll(unit.stageTwo().walker().caches().caches());
        return all;
    }

    /** Tells the caches of a replay that has not begun what there is to know of them. */
    void foretell(TraceReplay replay) {
        List<SetAssociativeCache> caches = caches(replay.unit());
        for (int i = 0; i < logs.size(); i++) {
            UseLog log = logs.get(i);
            if (log != null) {
                caches.get(i).foresee(log);
            }
        }
    }

    /**
     * Makes sure that the lookups of a replay that is over were those of the passes.
     *
     * @throws InputException if stale entries have answered instead of the tables
     * @throws IllegalStateException if the lookups were not those for another reason
     */
    void check(TraceReplay replay) {
        for (SetAssociativeCache cache : caches(replay.unit())) {
            if (!cache.isAsForeseen()) {
                if (run.settings().text(Parameter.UNMAP).equals("lazy")) {
                    throw new InputException(
                            run.trace() + ": the " + cache.name() + " meets entries that the tables no longer have",
                            Parameter.UNMAP.key() + " strict with an oracle");
                }
                throw new IllegalStateException(
                        run.trace() + ": the lookups of the " + cache.name() + " are not those of its pass");
            }
        }
    }
}
