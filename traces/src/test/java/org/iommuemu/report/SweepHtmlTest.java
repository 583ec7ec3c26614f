// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.iommuemu.capture.InputException;
import org.iommuemu.report.html.Document;
import org.iommuemu.sweep.Metric;
import org.iommuemu.sweep.PointResult;
import org.iommuemu.sweep.SweepFile;
import org.iommuemu.sweep.SweepPlan;
import org.iommuemu.sweep.SweepPoint;
import org.iommuemu.sweep.SweepResults;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;

/** Pages of made-up results. */
class SweepHtmlTest {
    private static final String TRACES = """
            traces:
              - generate: {pattern: ring, tenants: 2, records: 10}
                name: a
              - generate: {pattern: ring, tenants: 3, records: 10}
                name: b
            """;

    private static final String GRID = """
            parameters:
              iotlb.policy: [lru, lfu, oracle]
              iotlb.entries: [16, 1024, 64]
            """;

    private static SweepFile file(String yaml) {
        return SweepFile.read(Path.of("x.yaml"), new StringReader(yaml));
    }

    private static SweepResults results(String yaml, Function<SweepPoint, PointResult> function) {
        SweepPlan plan = SweepPlan.of(file(yaml), Map.of("a", "00", "b", "11"), 100_000);
        return new SweepResults(plan, plan.points().stream().map(function).toList());
    }

    /** Storage is 8192 bits for each entry; the larger the fewer misses, least with the oracle, and more on trace b. */
    private static PointResult result(SweepPoint p) {
        int entries = Integer.parseInt(p.varied().get("iotlb.entries"));
        Map<String, Integer> better = Map.of("lru", 0, "lfu", 100, "oracle", 200);
        long ratio = 900_000 / entries
                - better.get(p.varied().get("iotlb.policy"))
                + (p.trace().equals("b") ? 1 : 0);
        Map<Metric, Long> values = new HashMap<>();
        values.put(Metric.IOTLB_MISS_RATIO, ratio);
        values.put(Metric.COST, 8192L * entries);
        return new PointResult(p, values, null);
    }

    private static List<Element> figures(Document page, String caption) {
        return page.all("figure").stream()
                .filter(f -> f.getElementsByTagName("figcaption")
                        .item(0)
                        .getTextContent()
                        .equals(caption))
                .toList();
    }

    private static List<String> texts(Element in, String name) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < in.getElementsByTagName(name).getLength(); i++) {
            texts.add(in.getElementsByTagName(name).item(i).getTextContent());
        }
        return texts;
    }

    @Test
    void shouldDrawLinesMapsAndFrontsForEachTrace() {
        Document page = Document.of(SweepHtml.of(results(TRACES + GRID, SweepHtmlTest::result)));

        page.isSelfContained();
        assertThat(page.texts("h2")).containsExactly("x");
        assertThat(page.texts("h3"))
                .containsExactly(
                        "Best point of each trace",
                        "iotlb_miss_ratio: misses / lookups",
                        "Cost against iotlb_miss_ratio");
        List<Element> ofB = figures(page, "b");
        assertThat(ofB).hasSize(3);
        assertThat(texts(ofB.get(0), "title"))
                .contains("lfu", "iotlb.policy lfu, iotlb.entries 64, 64 KiB: 0.013963")
                .hasSize(3 + 9);
        assertThat(texts(ofB.get(0), "text")).contains("16", "64", "1,024", "iotlb.entries", "iotlb_miss_ratio");
        assertThat(texts(ofB.get(1), "th"))
                .containsExactly("iotlb.entries", "iotlb.policy", "16", "64", "1024", "lru", "lfu", "oracle");
        assertThat(texts(ofB.get(1), "td"))
                .containsExactly("", "0.056", "0.014", "0.001", "0.056", "0.014", "0.001", "0.056", "0.014", "0.001");
    }

    @Test
    void shouldNameTheBestAndTheFrontWithoutTheOracle() {
        Document page = Document.of(SweepHtml.of(results(TRACES + GRID, SweepHtmlTest::result)));

        assertThat(page.rows("a"))
                .containsExactly(
                        List.of("a", "iotlb_miss_ratio", "0.000778", "1,024", "lfu", "1024"),
                        List.of("a", "4", "0.056150", "16", "lfu", "16"),
                        List.of("a", "6", "0.013962", "64", "lfu", "64"),
                        List.of("a", "5", "0.000778", "1,024", "lfu", "1024"));
        assertThat(page.texts("p")).anyMatch(p -> p.contains("oracle, a bound"));
    }

    @Test
    void shouldPutOnTheAxesWhatIsAskedFor() {
        String asked = "report: {x: iotlb.policy, y: iotlb.entries, metrics: [iotlb_misses, iotlb_miss_ratio]}\n";

        Document page = Document.of(SweepHtml.of(results(TRACES + GRID + asked, SweepHtmlTest::result)));

        List<Element> ofA = figures(page, "a");
        assertThat(texts(ofA.get(0), "text")).contains("lru", "lfu", "oracle", "iotlb.policy");
        assertThat(texts(ofA.get(1), "th"))
                .containsExactly("iotlb.policy", "iotlb.entries", "lru", "lfu", "oracle", "16", "64", "1024");
        assertThat(page.texts("h3")).noneMatch(h -> h.startsWith("iotlb_misses"));
    }

    @Test
    void shouldRefuseToReportWhatThereIsNot() {
        assertThatThrownBy(() -> file(TRACES + GRID + "report: {z: iotlb.ways}"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("unknown key 'z' of report; expected metrics, x, y");
        assertThatThrownBy(() -> file(TRACES + GRID + "report: {metrics: speed}"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("'speed' is no column");
        assertThatThrownBy(() -> file(TRACES + GRID + "report: {x: iotlb.size}"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("unknown parameter 'iotlb.size'");
    }

    @Test
    void shouldListWhatFailedAndEscapeEveryName() {
        String hostile = "<script>alert('&amp;')</script>";
        SweepResults results = results(
                "name: \"" + hostile + "\"\n" + TRACES + GRID,
                p -> p.number() == 2 ? PointResult.failed(p, "no " + hostile) : result(p));

        Document page = Document.of(SweepHtml.of(results));

        page.isSelfContained();
        assertThat(page.texts("h2")).containsExactly("Points that failed", hostile);
        assertThat(page.rows("point 2 (" + hostile + ", a, iotlb.policy lru, iotlb.entries 1024)"))
                .containsExactly(
                        List.of("point 2 (" + hostile + ", a, iotlb.policy lru, iotlb.entries 1024)", "no " + hostile));
        assertThat(texts(figures(page, "a").get(1), "td")).element(3).isEqualTo("–");
    }

    @Test
    void shouldShowOnlySettingsOfAStudyWhosePointsAllFailed() {
        Document page = Document.of(SweepHtml.of(results(TRACES + GRID, p -> PointResult.failed(p, "why"))));

        assertThat(page.all("figure")).isEmpty();
        assertThat(page.rows("iotlb.entries")).containsExactly(List.of("iotlb.entries", "16, 1024, 64"));
        assertThat(page.rows("points")).containsExactly(List.of("points", "18"));
    }

    @Test
    void shouldDoWithoutChartsWhereNothingVaries() {
        Document page = Document.of(SweepHtml.of(results(
                TRACES + "points: [{iotlb.entries: 16}]\n",
                p -> new PointResult(p, Map.of(Metric.IOTLB_MISS_RATIO, 1L, Metric.COST, 1L), null))));

        assertThat(page.all("figure")).isEmpty();
        assertThat(page.rows("a")).isNotEmpty();
    }

    /** Parameters on no axis do not make charts without end: those that are too many are folded, and rows are left out. */
    @Test
    void shouldStayReadableWithThousandsOfPoints() {
        StringBuilder grid = new StringBuilder(TRACES + "parameters:\n");
        for (String key : List.of("iotlb.entries", "walk.walkers", "walk-cache.entries-1", "ipa-cache.entries")) {
            grid.append("  ").append(key).append(": [4, 8, 16, 32, 48, 64]\n");
        }

        String html = SweepHtml.of(results(
                grid.toString(),
                p -> new PointResult(
                        p,
                        Map.of(
                                Metric.IOTLB_MISS_RATIO,
                                (long) p.number(),
                                Metric.COST,
                                100L + p.number() * 7919L % 997),
                        null)));

        Document page = Document.of(html);
        assertThat(page.texts("p")).contains("Where points differ by ipa-cache.entries, charts show the best of them.");
        assertThat(page.texts("summary")).containsExactly("The first 1,000 of 2,592 points");
        assertThat(page.all("figure")).hasSize(2 * 6 + 2 * 6 + 2);
        assertThat(html.length()).isLessThan(2_000_000);
    }
}
