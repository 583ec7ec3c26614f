// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.iommuemu.demo.Demos;
import org.iommuemu.report.html.Document;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code demo} as a user meets it. */
class DemoCliTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path temp;

    private int run(String... args) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    @ParameterizedTest
    @CsvSource({
        "sva, smmuv3, 11",
        "sva, vtd, 11",
        "guest-bind, smmuv3, 6",
        "guest-bind, vtd, 7",
        "ioasid, smmuv3, 3",
        "ioasid, vtd, 13",
        "iommufd, smmuv3, 23",
        "iommufd, vtd, 23",
        "stale-atc, smmuv3, 5",
        "stale-atc, vtd, 5",
        "ignored-invalidation, smmuv3, 5",
        "ignored-invalidation, vtd, 5",
        "page-request-storm, smmuv3, 3",
        "page-request-storm, vtd, 3"
    })
    void shouldTellAStoryInWhichAllHolds(String name, String iommu, int checks) {
        int status = run("demo", name, "--iommu", iommu);

        assertThat(status).isZero();
        assertThat(out.toString().lines())
                .noneMatch(l -> l.startsWith("FAILS"))
                .last()
                .isEqualTo(checks + " of " + checks + " hold");
    }

    @Test
    void shouldTellTheSameEachTime() {
        run("demo", "sva");
        String first = out.toString();
        out.getBuffer().setLength(0);
        run("demo", "sva");

        assertThat(out.toString()).isEqualTo(first);
    }

    @Test
    void shouldListStoriesWithoutAName() {
        assertThat(run("demo")).isZero();
        assertThat(out.toString().lines().map(l -> l.split(" +")[0]))
                .isEqualTo(List.of(
                        "sva",
                        "guest-bind",
                        "ioasid",
                        "iommufd",
                        "stale-atc",
                        "ignored-invalidation",
                        "page-request-storm"));
    }

    @Test
    void shouldPrintWhatTheManualShows() throws IOException {
        Matcher block = Pattern.compile("```\n\\$ \\./iommu-emu (demo ([a-z-]+)[^\n]*)\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("../docs/demos.md")));
        Set<String> shown = new HashSet<>();
        while (block.find()) {
            shown.add(block.group(2));
            out.getBuffer().setLength(0);

            run(block.group(1)
                    .replace("storm.html", temp.resolve("storm.html").toString())
                    .split(" "));

            assertThat(out.toString().lines().toList())
                    .as(block.group(1))
                    .containsSubsequence(
                            block.group(3).lines().filter(l -> !l.equals("...")).toList())
                    .endsWith(block.group(3).lines().reduce("", (a, b) -> b));
        }
        assertThat(shown).hasSize(Demos.all().size());
    }

    @Test
    void shouldPlotBandwidthOverTime() throws IOException {
        Path page = temp.resolve("storm.html");

        assertThat(run("demo", "page-request-storm", "--report", page.toString()))
                .isZero();

        Document d = Document.of(Files.readString(page)).isSelfContained();
        assertThat(d.texts("figcaption")).containsExactly("Bandwidth over time");
        assertThat(d.texts("pre").get(0)).contains("victim", "storm", "3 of 3 hold");
    }

    @Test
    void shouldNameWhatItKnowsWhenAStoryIsUnknown() {
        assertThat(run("demo", "nothing")).isEqualTo(2);
        assertThat(err.toString())
                .isEqualTo("iommu-emu: unknown story 'nothing'; expected one of sva, guest-bind, ioasid, iommufd,"
                        + " stale-atc, ignored-invalidation, page-request-storm" + System.lineSeparator());
    }
}
