// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.iommuemu.report.html.Document;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code validate} and {@code presets} as a user meets them. */
class ValidateCliTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path temp;

    private int run(String... args) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    @Test
    void shouldPrintEveryPointAndAVerdict() throws IOException {
        Path json = temp.resolve("v.json");
        int status = run("validate", "v2", "V11", "--json", json.toString());

        assertThat(status).isZero();
        assertThat(out.toString().lines())
                .contains("V2  a Gen3 x8 link against hardware, IOMMU off", "V2  2 of 2 series within tolerance")
                .anyMatch(l -> l.matches(" +512 B +measured +55\\.11  model +53\\.69  error +-2\\.6 %"))
                .anyMatch(l -> l.matches(" +4 reads +measured +290\\.00  model .*"))
                .last()
                .isEqualTo("2 of 2 experiments within tolerance");
        JsonNode root = new ObjectMapper().readTree(json.toFile());
        assertThat(root.at("/experiments/0/id").asText()).isEqualTo("V2");
        assertThat(root.at("/experiments/0/series/0/points/0/measured").asDouble())
                .isEqualTo(55.11);
    }

    @Test
    void shouldWriteAPageWithEveryPointAndItsPreset() throws IOException {
        Path page = temp.resolve("v.html");

        assertThat(run("validate", "V2", "V4", "V11", "--report", page.toString()))
                .isZero();

        String html = Files.readString(page);
        Document d = Document.of(html).isSelfContained();
        assertThat(d.texts("h2"))
                .containsExactly(
                        "V2: a Gen3 x8 link against hardware, IOMMU off",
                        "V4: pages that the IOTLB reaches, derived from latencies at 512 KiB",
                        "V11: latency of a miss of four levels, MMU-600 in Agilex 5",
                        "Presets");
        assertThat(d.rows("hsw-e5-2637v3 reads"))
                .contains(
                        List.of("hsw-e5-2637v3 reads", "512 B", "55.11", "53.69", "Gb/s", "-2.6 %", "5.0 %", "within"));
        assertThat(d.texts("figcaption"))
                .containsExactly("hsw-e5-2637v3 reads", "hsw-e5-2637v3 writes", "measured and model");
        assertThat(d.rows("tables.latency-ns"))
                .anyMatch(r -> r.get(1).equals("68") && r.get(3).startsWith("Intel 814346: one walk read"));
        run("validate", "V2", "V4", "V11", "--report", page.toString());
        assertThat(Files.readString(page)).isEqualTo(html);
    }

    @Test
    void shouldFlagWhatIsOutOnThePage() throws IOException {
        Path page = temp.resolve("v.html");
        Files.writeString(
                temp.resolve("pciebench_bandwidth_vs_size.csv"),
                "system,node,test,cache,size_b,gbit_s\nhsw-e5-2637v3,local,BW_DMA_RD,HWarm,512,99.0\n");

        assertThat(run("validate", "V2", "--data", temp.toString(), "--report", page.toString()))
                .isEqualTo(1);

        Document d = Document.of(Files.readString(page));
        assertThat(d.texts("span")).contains("✗ 0 of 1 experiments within tolerance");
        assertThat(d.all("tr").stream().filter(r -> r.getAttribute("class").equals("out")))
                .hasSize(3);
    }

    @Test
    void shouldLeaveNoPageWhereItCannotBeWritten() {
        assertThat(run(
                        "validate",
                        "V11",
                        "--report",
                        temp.resolve("none/v.html").toString()))
                .isEqualTo(2);
        assertThat(err.toString()).contains("none: does not exist; expected a folder to write v.html into");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void shouldEndWithOneWhenThePointsAreOut() throws IOException {
        Files.writeString(
                temp.resolve("pciebench_bandwidth_vs_size.csv"),
                "system,node,test,cache,size_b,gbit_s\nhsw-e5-2637v3,local,BW_DMA_RD,HWarm,512,99.0\n");

        assertThat(run("validate", "V2", "--data", temp.toString())).isEqualTo(1);
        assertThat(out.toString())
                .contains("  OUT\n")
                .endsWith("0 of 1 experiments within tolerance" + System.lineSeparator());
    }

    @Test
    void shouldSayWhatIsWrongInOneLine() throws IOException {
        assertThat(run("validate", "V99")).isEqualTo(2);
        assertThat(run("validate", "--data", temp.resolve("none").toString())).isEqualTo(2);
        Files.writeString(temp.resolve("pciebench_bandwidth_vs_size.csv"), "system,node\n");
        assertThat(run("validate", "V2", "--data", temp.toString())).isEqualTo(2);
        assertThat(run("presets", "intel-none")).isEqualTo(2);

        assertThat(err.toString().lines())
                .hasSize(4)
                .satisfiesExactly(
                        l -> assertThat(l).startsWith("iommu-emu: unknown experiment 'V99'; expected one of V1, V2, "),
                        l -> assertThat(l).contains("none: is no folder; expected a folder with measurements"),
                        l -> assertThat(l).contains("pciebench_bandwidth_vs_size.csv:1: no column 'test'"),
                        l -> assertThat(l).contains("unknown preset 'intel-none'"));
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void shouldListPresetsAndShowTheirSources() {
        assertThat(run("presets")).isZero();
        assertThat(out.toString().lines()).hasSize(12).anyMatch(l -> l.startsWith("intel-bdw-e5v4  Intel Xeon"));
        out.getBuffer().setLength(0);

        assertThat(run("presets", "arm-mmu-600")).isZero();
        assertThat(out.toString().lines())
                .anyMatch(l ->
                        l.matches("  tables.latency-ns +68  ns that a table read takes; Intel 814346: one walk read"))
                .anyMatch(l -> l.matches("  walk.walkers +32  walks under way at once; assumed: PTW_SLOTS"));
    }
}
