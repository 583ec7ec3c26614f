// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PointFunctionTest {
    @TempDir
    private Path folder;

    /** Points of a trace of two pages, mapped, read ten times by turns, and one of them unmapped. */
    private List<PointResult> results(String text) throws IOException {
        final Path trace = folder.resolve("pages.csv");
        final StringBuilder rows = new StringBuilder("time_ps,kind,stream,iova,length,attributes,page_shift,address\n");
        rows.append("0,map,1,0x10000,4096,rw,12,0x80000\n").append("0,map,1,0x20000,4096,rw,12,0x90000\n");
        for (int i = 1; i <= 10; i++) {
            rows.append(i * 1_000_000)
                    .append(i % 2 == 0 ? ",read,1,0x10000" : ",read,1,0x20000")
                    .append(",64,,,");
            rows.append(i % 2 == 0 ? "0x80000\n" : "0x90000\n");
        }
        rows.append("20000000,unmap,1,0x10000,4096,,12,\n");
        Files.writeString(trace, rows);
        final SweepPlan plan = SweepPlan.of(
                SweepPlanTest.file("traces: [{generate: {}, name: pages}]\n" + text), Map.of("pages", "00"), 100);
        return plan.points().stream().map(p -> PointFunction.evaluate(p, trace)).toList();
    }

    @Test
    void shouldCountWhatTheCachesOfThePointMake() throws IOException {
        final List<PointResult> two = results("parameters: {iotlb.entries: [2, 1, 0]}");

        assertThat(two).extracting(PointResult::failure).containsOnlyNulls();
        assertThat(two).extracting(r -> r.text(Metric.RECORDS)).containsOnly("13");
        assertThat(two).extracting(r -> r.text(Metric.DMA)).containsOnly("10");
        assertThat(two).extracting(r -> r.text(Metric.TRANSLATIONS)).containsOnly("10");
        assertThat(two).extracting(r -> r.text(Metric.AGREED)).containsOnly("10");
        // Two pages fit into two entries; in one they put each other out.
        assertThat(two).extracting(r -> r.text(Metric.IOTLB_MISSES)).startsWith("2", "10");
        assertThat(two).extracting(r -> r.text(Metric.IOTLB_MISS_RATIO)).startsWith("0.200000", "1.000000");
        assertThat(two).extracting(r -> r.text(Metric.WALKS)).containsExactly("2", "10", "10");
        assertThat(two).extracting(r -> r.text(Metric.P99)).containsOnly("");
    }

    @Test
    void shouldReadTheWholeTableWithoutWalkCaches() throws IOException {
        final List<PointResult> none = results("""
                set:
                  walk-cache.entries-1: 0
                  walk-cache.entries-2: 0
                  walk-cache.entries-3: 0
                  iotlb.entries: 0
                parameters: {machine.stages: [1, 2, nested]}
                """);

        // Four levels for each access; nested, each of the four tables and the page go through four levels of their
        // own.
        assertThat(none).extracting(r -> r.text(Metric.TABLE_READS)).containsExactly("40", "40", "244");
        assertThat(none)
                .extracting(r -> r.text(Metric.TABLE_READS_PER_TRANSLATION))
                .containsExactly("4.000000", "4.000000", "24.400000");
    }

    @Test
    void shouldCountTheSameWithAndWithoutTime() throws IOException {
        final String parameters = "parameters: {machine.stages: [1, nested], iotlb.entries: [1, 2]}\n"
                + "set: {walk-cache.entries-1: 1, ipa-cache.entries: 0}\n";
        final List<PointResult> functional = results(parameters);
        final List<PointResult> timed = results(parameters + "timed: true\n");

        for (Metric m : List.of(
                Metric.IOTLB_MISSES,
                Metric.WALKS,
                Metric.TABLE_READS,
                Metric.WALK_CACHE_HITS,
                Metric.CONFIGURATION_MISSES,
                Metric.INVALIDATIONS)) {
            assertThat(timed)
                    .as(m.label())
                    .extracting(r -> r.text(m))
                    .isEqualTo(functional.stream().map(r -> r.text(m)).toList());
        }
    }

    @Test
    void shouldTellTimesOfATimedPoint() throws IOException {
        final PointResult timed = results("timed: true\nset: {iotlb.entries: 2, replay.from: iommu}")
                .get(0);

        assertThat(timed.text(Metric.TIMED)).isEqualTo("10");
        // Ten accesses, a microsecond apart.
        assertThat(timed.number(Metric.SPAN)).isBetween(9_000.0, 10_000.0);
        assertThat(timed.number(Metric.BANDWIDTH)).isCloseTo(640 / timed.number(Metric.SPAN), within(1e-6));
        assertThat(timed.number(Metric.REQUESTS)).isCloseTo(10e9 / timed.number(Metric.SPAN), within(0.5));
        assertThat(timed.number(Metric.P50)).isLessThan(timed.number(Metric.MEAN));
        assertThat(timed.number(Metric.MEAN)).isLessThan(timed.number(Metric.MAX));
    }

    private static org.assertj.core.data.Offset<Double> within(double most) {
        return org.assertj.core.data.Offset.offset(most);
    }

    @Test
    void shouldSayWhyAPointCannotBe() throws IOException {
        final List<PointResult> results = results("parameters: {iotlb.entries: [6], iotlb.ways: [4, 3]}");

        assertThat(results.get(0).failure())
                .isEqualTo("none: iotlb.entries is 6 and iotlb.ways is 4; expected entries that are a multiple of the"
                        + " ways");
        assertThat(results.get(0).values()).isEmpty();
        assertThat(results.get(1).failure()).isNull();
        assertThat(PointFunction.flaw(results.get(0).point()))
                .isEqualTo(results.get(0).failure());
        assertThat(PointFunction.flaw(results.get(1).point())).isNull();
    }

    @Test
    void shouldMakeAResultFromItsLineAgain() throws IOException {
        for (PointResult r : results("timed: true\nparameters: {iotlb.entries: [6], iotlb.ways: [4, 3]}")) {
            assertThat(PointResult.parse(r.line(), r.point())).isEqualTo(r);
            assertThat(r.line()).doesNotContain("\n");
        }
    }
}
