// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.capture.InputException;
import org.iommuemu.host.StageLayout;
import org.iommuemu.measure.CacheFigures;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceWriter;
import org.iommuemu.trace.pattern.TracePattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Replays whose caches know the trace: the machine has to be asked the same in each pass, and no policy misses less. */
class OraclePassesTest {
    private static final int BLOCK_SHIFT = 21;
    private static final int PAGE_SHIFT = 12;
    private static final int BLOCKS = 12;
    private static final int PAGES = 6;

    /** Small caches, so that much is evicted. */
    private static final Settings SMALL = Presets.NOTHING
            .with(Parameter.IOTLB_ENTRIES, "16")
            .with(Parameter.IOTLB_WAYS, "4")
            .with(Parameter.CONFIGURATION_CACHE, "4")
            .with(Parameter.CONFIGURATION_CACHE_WAYS, "0")
            .with(Parameter.IPA_CACHE, "16")
            .with(Parameter.IPA_CACHE_WAYS, "0")
            .with(Parameter.WALK_CACHE_1, "4")
            .with(Parameter.WALK_CACHE_2, "4")
            .with(Parameter.WALK_CACHE_3, "2")
            .with(Parameter.WALK_CACHE_WAYS, "2");

    private static final TraceRun.Timing TIMING =
            new TraceRun.Timing(4, new MeasureWindow(0, 0, MeasureWindow.ALL), null);

    @TempDir
    private Path temp;

    private Path pattern(TracePattern pattern, int tenants) throws IOException {
        Path file = temp.resolve("t.trace");
        try (TraceWriter out = TraceEncoding.BINARY.create(file, "")) {
            pattern.write(new TracePattern.Parameters(tenants, 12_000, 5), out);
        }
        return file;
    }

    /**
     * Devices, some with processes, whose pages and blocks come and go and may be read-only; accesses, some of them refused, and
     * Translation Requests.
     */
    private Path random(StageLayout stages, int seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        boolean processes = stages != StageLayout.STAGE_2;
        int spaces = processes ? 9 : 6;
        boolean[][][] mapped = new boolean[spaces][BLOCKS][PAGES + 1];
        Path file = temp.resolve("random.trace");
        DmaRecord r = new DmaRecord();
        try (TraceWriter out = TraceEncoding.BINARY.create(file, "")) {
            for (int i = 0; i < 8000; i++) {
                int space = random.nextInt(spaces);
                int block = Math.min(random.nextInt(BLOCKS), random.nextInt(BLOCKS));
                int page = random.nextInt(PAGES);
                boolean[] pages = mapped[space][block];
                long start = 0x4000_0000L + ((long) block << BLOCK_SHIFT);
                long iova = start + ((long) page << PAGE_SHIFT);
                int what = random.nextInt(100);
                if (what < 80) {
                    TraceKind kind = random.nextInt(4) == 0 ? TraceKind.WRITE_DMA : TraceKind.READ_DMA;
                    r.set(i * 1000L, kind, space % 6, iova + random.nextInt(4000), 64);
                } else if (what < 83) {
                    r.set(i * 1000L, TraceKind.ATS_REQUEST, space % 6, iova, 8);
                } else if (what < 84) {
                    r.set(
                            i * 1000L,
                            TraceKind.INVALIDATE,
                            space % 6,
                            start,
                            random.nextBoolean() ? 1L << BLOCK_SHIFT : 0);
                } else if (pages[PAGES] || !pages[page] && random.nextInt(4) == 0 && isFree(pages)) {
                    r.set(
                            i * 1000L,
                            pages[PAGES] ? TraceKind.UNMAP : TraceKind.MAP,
                            space % 6,
                            start,
                            1L << BLOCK_SHIFT);
                    r.withPageShift(BLOCK_SHIFT);
                    pages[PAGES] ^= true;
                } else {
                    r.set(i * 1000L, pages[page] ? TraceKind.UNMAP : TraceKind.MAP, space % 6, iova, 1L << PAGE_SHIFT);
                    r.withPageShift(PAGE_SHIFT);
                    pages[page] ^= true;
                }
                if (r.kind() == TraceKind.MAP) {
                    r.withAttributes(DmaRecord.READ | (random.nextInt(4) == 0 ? 0 : DmaRecord.WRITE));
                    r.withAddress(r.iova() + ((long) space << 32));
                }
                if (space >= 6) {
                    r.withPasid(space);
                }
                out.write(r);
            }
        }
        return file;
    }

    private static boolean isFree(boolean[] pages) {
        for (boolean mapped : pages) {
            if (mapped) {
                return false;
            }
        }
        return true;
    }

    private static Settings allOracles(Settings settings) {
        return settings.with(Parameter.IOTLB_POLICY, "oracle")
                .with(Parameter.CONFIGURATION_CACHE_POLICY, "oracle")
                .with(Parameter.IPA_CACHE_POLICY, "oracle")
                .with(Parameter.WALK_CACHE_POLICY, "oracle");
    }

    private static CacheFigures cache(TraceRun.Result result, String name) {
        return result.summary().machine().caches().stream()
                .filter(c -> c.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** A replay whose lookups differ from those of a pass throws. */
    @ParameterizedTest(name = "{0} {1} {2}")
    @CsvSource({
        "smmuv3, 1, strict",
        "smmuv3, 2, strict",
        "smmuv3, nested, strict",
        "smmuv3, nested, lazy",
        "vtd-legacy, 2, strict",
        "vtd-scalable, 1, lazy",
        "vtd-scalable, nested, strict"
    })
    void shouldLookUpTheSameInEveryPassOfRandomTraces(String iommu, String stages, String unmap) throws IOException {
        Settings small = SMALL.with(Parameter.IOMMU, iommu)
                .with(Parameter.STAGES, stages)
                .with(Parameter.UNMAP, unmap);
        for (int seed = 1; seed <= 2; seed++) {
            Path file = random(StageLayout.parse(stages), seed);
            Settings settings = allOracles(small);

            TraceRun.Result functional = TraceRun.functional(file, settings).run(ProgressListener.NONE);
            TraceRun.Result timed = TraceRun.timed(file, settings, TIMING).run(ProgressListener.NONE);
            TraceRun.Result lru = TraceRun.functional(file, small).run(ProgressListener.NONE);

            assertThat(cache(functional, "iotlb").evictions())
                    .as("seed %d", seed)
                    .isGreaterThan(500);
            if (unmap.equals("strict")) { // else what is refused depends on what the IOTLB still has
                assertThat(functional.summary().machine().transactions())
                        .isEqualTo(lru.summary().machine().transactions());
            }
            assertThat(timed.summary().machine().caches())
                    .isEqualTo(functional.summary().machine().caches());
            assertThat(cache(functional, "iotlb").misses())
                    .isLessThan(cache(lru, "iotlb").misses());
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "HYPER_TENANT, 16, 1",
        "HYPER_TENANT, 16, nested",
        "UNIFORM, 3, 2",
        "SEQUENTIAL, 2, nested",
        "RING, 8, 1"
    })
    void shouldMissNoMoreOftenThanPoliciesThatKnowThePast(TracePattern pattern, int tenants, String stages)
            throws IOException {
        Path file = pattern(pattern, tenants);
        Settings settings = SMALL.with(Parameter.STAGES, stages);
        TraceRun.Result best = TraceRun.functional(file, settings.with(Parameter.IOTLB_POLICY, "oracle"))
                .run(ProgressListener.NONE);

        for (ReplacementPolicy policy : ReplacementPolicy.online()) {
            TraceRun.Result online = TraceRun.functional(file, settings.with(Parameter.IOTLB_POLICY, policy.label()))
                    .run(ProgressListener.NONE);

            assertThat(cache(best, "iotlb").lookups())
                    .isEqualTo(cache(online, "iotlb").lookups());
            assertThat(cache(best, "iotlb").misses())
                    .as(policy.label())
                    .isLessThanOrEqualTo(cache(online, "iotlb").misses());
        }
    }

    @Test
    void shouldMissAsOftenAsLruWhereAllFits() throws IOException {
        Path file = pattern(TracePattern.HYPER_TENANT, 4);
        Settings settings = Presets.NOTHING.with(Parameter.STAGES, "nested");

        TraceRun.Result lru = TraceRun.functional(file, settings).run(ProgressListener.NONE);
        TraceRun.Result best = TraceRun.functional(file, settings.with(Parameter.IOTLB_POLICY, "oracle"))
                .run(ProgressListener.NONE);

        for (CacheFigures figures : lru.summary().machine().caches()) {
            assertThat(cache(best, figures.name()).hits()).isEqualTo(figures.hits());
            assertThat(cache(best, figures.name()).misses()).isEqualTo(figures.misses());
        }
    }

    @Test
    void shouldRefuseWhatItCannotKnow() {
        Settings oracle = SMALL.with(Parameter.WALK_CACHE_POLICY, "oracle");

        assertThatThrownBy(() -> MachineParameters.caches(oracle))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("walk-cache.policy is oracle, which takes a DMA trace")
                .hasMessageContaining("lfu");
        assertThatThrownBy(() -> TraceRun.timed(temp, oracle.with(Parameter.PREFETCH_DEPTH, "2"), TIMING))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("walk-cache.policy is oracle and prefetch.pages is 2");
        assertThatThrownBy(() -> TraceRun.timed(temp, oracle.with(Parameter.ATC_ENTRIES, "8"), TIMING))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("walk-cache.policy is oracle and atc.entries is 8");
    }
}
