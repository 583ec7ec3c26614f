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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code replay} with times. */
class TimedReplayCliTest {
    private static final String VFIO = "samples/smmuv3-linux-vfio";

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path temp;

    private int run(String... args) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    @Test
    void shouldTimeTheAccessesOfATraceAndGiveTheSameAddresses() throws IOException {
        Path json = temp.resolve("r.json");
        Path hgrm = temp.resolve("r.hgrm");
        int status =
                run("replay", VFIO, "--preset", "arm-mmu-600", "--json", json.toString(), "--hgrm", hgrm.toString());

        assertThat(status).isZero();
        // 109 DMAs and 574 refusals, far apart: nothing waits, and a hit takes its lookup of 2.5 ns.
        assertThat(out.toString().lines())
                .anyMatch(l -> l.matches("time +arm-mmu-600, as the trace has them; 683 transactions in .*"))
                .anyMatch(
                        l -> l.matches("waits +read window of stream 0x50: 0 of \\d+ uses waited, 0.0 us together; .*"))
                .last()
                .isEqualTo("agreement     109 of 109 addresses agree");
        JsonNode timing = new ObjectMapper().readTree(json.toFile()).get("timing");
        assertThat(timing.get("transactions").asInt()).isEqualTo(683);
        assertThat(timing.get("hits").asInt() + timing.get("misses").asInt()).isEqualTo(683);
        assertThat(timing.at("/configuration/walk.walkers").asText()).isEqualTo("32");
        assertThat(timing.at("/latencyNanoseconds/p50").asDouble()).isGreaterThanOrEqualTo(2.5);
        assertThat(Files.readString(hgrm)).contains("#[Mean").contains("Total count    =          683");
    }

    @Test
    void shouldKeepAsManyAccessesUnderWayAsAskedFor() throws IOException {
        double alone = span(1);
        assertThat(span(4)).isBetween(alone / 4, alone / 2);
        assertThat(span(1)).isEqualTo(alone);
    }

    private double span(int outstanding) throws IOException {
        Path json = temp.resolve("s" + outstanding + ".json");
        assertThat(run(
                        "replay",
                        "samples/vtd-legacy-linux-nvme",
                        "--preset",
                        "intel-bdw-e5v4",
                        "--closed-loop",
                        "" + outstanding,
                        "--json",
                        json.toString()))
                .isZero();
        return new ObjectMapper()
                .readTree(json.toFile())
                .at("/timing/picoseconds")
                .asDouble();
    }

    @Test
    void shouldTakeAFileOnTopOfAPreset() throws IOException {
        Path yaml = temp.resolve("slow.yaml");
        Files.writeString(yaml, "tables: {latency-ns: 10000}\n");
        Path json = temp.resolve("r.json");

        assertThat(run(
                        "replay",
                        VFIO,
                        "--preset",
                        "arm-mmu-600",
                        "--config",
                        yaml.toString(),
                        "--closed-loop",
                        "1",
                        "--json",
                        json.toString()))
                .isZero();
        JsonNode timing = new ObjectMapper().readTree(json.toFile()).get("timing");
        // One access after the other: at least what their reads take.
        assertThat(timing.get("picoseconds").asLong())
                .isGreaterThan(timing.get("tableReads").asLong() * 10_000_000L);
        assertThat(timing.at("/configuration/iotlb.entries").asText()).isEqualTo("256");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "--preset none|unknown preset 'none'; expected one of",
                "--preset hypersio --lint|--preset or --config with --lint or --detect-stale; expected one of the two",
                "--preset hypersio --iotlb 16|--iotlb with --preset or --config; expected caches in the file of --config",
                "--closed-loop 4|--closed-loop or --hgrm without a machine; expected --preset or --config with it",
                "--preset hypersio --closed-loop 0|--closed-loop is 0; expected a number from 1 to 65536",
                "--config missing.yaml|missing.yaml: cannot be read",
            })
    void shouldSayWhatDoesNotGo(String options, String message) {
        String[] args = ("replay " + VFIO + " " + options).split(" ");

        assertThat(run(args)).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).startsWith("iommu-emu: ").contains(message);
        assertThat(out.toString()).isEmpty();
    }
}
