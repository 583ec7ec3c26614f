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
        assertThat(timing.get("hits").asInt()
                        + timing.get("mergedMisses").asInt()
                        + timing.get("misses").asInt())
                .isEqualTo(683);
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
    void shouldCountTheWindowAndReplayTheWholeTrace() throws IOException {
        Path json = temp.resolve("w.json");
        String nvme = "samples/vtd-legacy-linux-nvme";
        String options = "--preset intel-bdw-e5v4 --closed-loop 8 --skip 100 --warm-up 400 --measure 1500 --json ";

        assertThat(run(("replay " + nvme + " " + options + json).split(" "))).isZero();
        JsonNode root = new ObjectMapper().readTree(json.toFile());
        JsonNode timing = root.get("timing");
        assertThat(timing.at("/window/warmUp").asInt()).isEqualTo(400);
        assertThat(timing.get("transactions").asInt()).isEqualTo(1500);
        assertThat(sum(timing.at("/series/transactions"))).isEqualTo(1500);
        assertThat(sum(timing.at("/series/misses")))
                .isEqualTo(timing.get("misses").asLong());
        assertThat(timing.at("/caches/1/name").asText()).isEqualTo("iotlb");
        assertThat(timing.at("/caches/1/lookups").asInt()).isEqualTo(1500);
        assertThat(root.at("/caches/1/lookups").asInt()).isGreaterThan(2000);
        assertThat(timing.at("/latencyNanosecondsByPart/walk/share").asDouble()).isBetween(0.01, 1.0);
        assertThat(timing.at("/streams/0/stream").asText()).startsWith("0x");
        assertThat(out.toString().lines())
                .anyMatch(l -> l.equals("window        100 skipped, 400 to warm up, then 1,500 at most"))
                .anyMatch(l -> l.startsWith("per 4 KiB     "))
                .anyMatch(l -> l.startsWith("in window     iotlb: "));
    }

    private static long sum(JsonNode list) {
        long sum = 0;
        for (JsonNode n : list) {
            sum += n.asLong();
        }
        return sum;
    }

    @Test
    void shouldSayTheSameEveryTime() throws IOException {
        JsonNode[] timings = new JsonNode[2];
        String[] texts = new String[2];
        for (int i = 0; i < 2; i++) {
            Path json = temp.resolve(i + ".json");
            String options = " --preset arm-mmu-600 --closed-loop 32 --warm-up 1000 --json " + json;
            out.getBuffer().setLength(0);
            assertThat(run(("replay samples/smmuv3-linux-nvme" + options).split(" ")))
                    .isZero();
            timings[i] = new ObjectMapper().readTree(json.toFile()).get("timing");
            texts[i] = out.toString().replaceAll("(?m)^speed .*", "");
        }

        assertThat(timings[1]).isEqualTo(timings[0]);
        assertThat(texts[1]).isEqualTo(texts[0]);
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
                .isGreaterThan(timing.at("/walks/tableReads").asLong() * 10_000_000L);
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
                "--warm-up 4|--warm-up without a machine; expected --preset or --config with it",
                "--preset hypersio --skip -1|--skip is -1; expected a number from 0 to 281474976710656",
                "--preset hypersio --measure 0|--measure is 0; expected a number from 1 to 281474976710656",
                "--preset hypersio --skip 600 --warm-up 83|--skip and --warm-up take all accesses of the trace; expected fewer than 683",
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
