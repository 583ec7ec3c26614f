// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.iommuemu.report.html.Document;
import org.iommuemu.report.timeline.Nesting;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code replay --report} and {@code --timeline}. */
class ReplayReportCliTest {
    /** 109 DMAs and 574 refusals. */
    private static final String VFIO = "samples/smmuv3-linux-vfio";

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path temp;

    private int run(String... args) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    private Document page(Path file) throws IOException {
        return Document.of(Files.readString(file)).isSelfContained();
    }

    @Test
    void shouldReportAReplayWithoutTime() throws IOException {
        Path report = temp.resolve("r.html");

        assertThat(run("replay", VFIO, "--report", report.toString())).isZero();

        Document d = page(report);
        assertThat(d.texts("h1")).containsExactly("Replay of smmuv3-linux-vfio");
        assertThat(d.texts("span")).containsExactly("✓ everything that was compared agrees");
        assertThat(d.rows("addresses")).containsExactly(List.of("addresses", "109", "109", ""));
        assertThat(d.rows("records")).contains(List.of("records", "dma", "109"));
        assertThat(d.texts("h2")).containsExactly("Trace and caches, from its beginning to its end");
        assertThat(d.rows("iotlb"))
                .singleElement()
                .satisfies(r -> assertThat(r).startsWith("iotlb", "2,048", "8", "lru"));
    }

    @Test
    void shouldReportTheSameFiguresAsTheOtherResults() throws IOException {
        Path report = temp.resolve("r.html");
        Path json = temp.resolve("r.json");
        String[] args = {
            "replay", VFIO, "--preset", "arm-mmu-600", "--report", report.toString(), "--json", json.toString()
        };

        assertThat(run(args)).isZero();

        Document d = page(report);
        JsonNode timing = new ObjectMapper().readTree(json.toFile()).get("timing");
        assertThat(d.rows("measured")).containsExactly(List.of("measured", "683", "transactions"));
        long hits = timing.get("hits").asLong();
        assertThat(d.rows("hits").get(0).get(1)).isEqualTo(String.format("%.2f %%", 100.0 * hits / 683));
        assertThat(d.rows("hits").get(1).get(1)).isEqualTo(Long.toString(hits));
        assertThat(d.rows("walk.walkers").get(0)).startsWith("walk.walkers", "32", "walks under way at once");
        assertThat(d.rows("walk")).as("a part of the time").hasSize(1);
        assertThat(d.texts("figcaption"))
                .contains(
                        "answered within a time (CDF)",
                        "what the mean latency is spent on",
                        "hits and misses",
                        "bandwidth",
                        "transactions under way",
                        "misses by reads",
                        "occupancy");
        String first = Files.readString(report);
        run(args);
        assertThat(Files.readString(report)).as("no time of the host's").isEqualTo(first);
    }

    @Test
    void shouldShowWhatDiffersAndTakeNamesAsText() throws IOException {
        Path capture = Files.createDirectory(temp.resolve("<script>&'x"));
        try (var files = Files.list(Path.of(VFIO))) {
            for (Path f : files.toList()) {
                Files.copy(f, capture.resolve(f.getFileName()));
            }
        }
        Path trace = capture.resolve("trace.csv.gz");
        String text;
        try (GZIPInputStream in = new GZIPInputStream(Files.newInputStream(trace))) {
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        try (OutputStream gz = new GZIPOutputStream(Files.newOutputStream(trace))) {
            gz.write(text.replaceFirst("0x1000,,RW,0x44095000", "0x1000,,RW,0x44096000")
                    .getBytes(StandardCharsets.UTF_8));
        }
        Path report = temp.resolve("r.html");

        assertThat(run("replay", capture.toString(), "--report", report.toString()))
                .isEqualTo(1);

        Document d = page(report);
        assertThat(d.texts("h1")).containsExactly("Replay of <script>&'x");
        assertThat(d.texts("span")).containsExactly("✗ not everything that was compared agrees");
        assertThat(d.rows("addresses")).containsExactly(List.of("addresses", "109", "108", ""));
        assertThat(d.texts("li"))
                .anyMatch(l -> l.endsWith("found pa 0x44095000, expected pa 0x44096000")
                        || l.endsWith("pa 0x44095000, expected pa 0x44096000"));
    }

    @Test
    void shouldReportStaleTranslations() throws IOException {
        Path report = temp.resolve("r.html");

        run("replay", "samples/smmuv3-linux-lazy", "--detect-stale", "--lint", "--report", report.toString());

        Document d = page(report);
        assertThat(d.texts("h2")).contains("Stale translations");
        assertThat(d.texts("pre")).anyMatch(t -> t.startsWith("stale  after record 91,806: 510 translations"));
    }

    @Test
    void shouldWriteATimeLineThatNests() throws IOException {
        Path timeline = temp.resolve("t.json");

        assertThat(run(
                        "replay",
                        "samples/vtd-legacy-linux-nvme",
                        "--preset",
                        "intel-bdw-e5v4",
                        "--closed-loop",
                        "16",
                        "--timeline",
                        timeline.toString(),
                        "--timeline-from",
                        "5000",
                        "--timeline-count",
                        "2000"))
                .isZero();

        List<JsonNode> slices = new ArrayList<>();
        List<JsonNode> transactions = new ArrayList<>();
        int most = 0;
        for (JsonNode e : new ObjectMapper().readTree(timeline.toFile()).get("traceEvents")) {
            if (e.get("ph").asText().equals("X")) {
                slices.add(e);
                (e.get("cat").asText().equals("dma") ? transactions : new ArrayList<JsonNode>()).add(e);
            } else if (e.get("name").asText().equals("reads under way")) {
                most = Math.max(most, e.at("/args/transactions").asInt());
            }
        }
        Nesting.check(slices);
        assertThat(transactions).hasSize(2000);
        assertThat(transactions.stream().mapToLong(e -> e.at("/args/number").asLong()))
                .contains(5000L, 6999L)
                .allMatch(n -> n >= 5000 && n < 7000);
        assertThat(transactions)
                .allMatch(e -> e.at("/args/outcome").asText().equals("miss")
                        == e.at("/args/reads").asInt() > 0);
        assertThat(most).as("of 16").isBetween(1, 16);
        assertThat(slices.size()).isGreaterThan(2 * transactions.size());
    }

    @Test
    void shouldReportADmaTraceOfManyTenants() throws IOException {
        Path trace = temp.resolve("t.csv");
        Path report = temp.resolve("r.html");
        Path timeline = temp.resolve("t.json");
        run("trace", "generate", "--output", trace.toString(), "--records", "2000", "--tenants", "40");

        assertThat(run(
                        "replay",
                        trace.toString(),
                        "--preset",
                        "hypersio",
                        "--closed-loop",
                        "8",
                        "--report",
                        report.toString(),
                        "--timeline",
                        timeline.toString()))
                .isZero();

        Document d = page(report);
        assertThat(d.rows("measured")).containsExactly(List.of("measured", "2,000", "transactions"));
        assertThat(d.texts("figcaption")).contains("what transactions found, busiest streams");
        assertThat(new ObjectMapper()
                        .readTree(timeline.toFile()).findValuesAsText("cat").stream()
                                .filter("dma"::equals))
                .hasSize(2000);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "--timeline t.json|--timeline without a machine; expected --preset or --config with it",
                "--preset hypersio --timeline-count 4|--timeline-from or --timeline-count without a file; expected",
                "--preset hypersio --timeline t.json --timeline-count 0|--timeline-count is 0; expected a number from 1",
                "--preset hypersio --timeline t.json --timeline-from -1|--timeline-from is -1; expected a number from 0",
                "--preset hypersio --timeline t.json --timeline-from 683|less than the 683 transactions",
                "--preset hypersio --timeline t.json --report r.html --skip 9999|take all accesses of the trace",
                "--preset hypersio --timeline none/t.json|none: does not exist",
                "--report none/r.html|none: does not exist",
            })
    void shouldWriteNothingWhenSomethingDoesNotGo(String options, String message) throws IOException {
        String inside =
                options.replaceAll("(\\S+\\.(json|html))", temp.toString().replace("\\", "\\\\") + "/$1");

        assertThat(run(("replay " + VFIO + " " + inside).split(" "))).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).startsWith("iommu-emu: ").contains(message);
        try (var left = Files.list(temp)) {
            assertThat(left).isEmpty();
        }
    }
}
