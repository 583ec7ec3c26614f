// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

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
import org.junit.jupiter.params.provider.ValueSource;

/** What is left of a run. */
class MeasureCommandTest {
    @TempDir
    private Path folder;

    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return MeasureCommand.run(new PrintWriter(err, true), args);
    }

    @Test
    void shouldKeepTheFiguresAndSayWhereTheyWereMeasured() throws IOException {
        Path file = folder.resolve("quick.json");

        int status = run("--smoke", "--only", "Yardstick.*chase", "--commit", "abc123", file.toString());

        JsonNode results = new ObjectMapper().readTree(file.toFile());
        assertThat(status).isZero();
        assertThat(results).hasSize(1);
        JsonNode result = results.get(0);
        assertThat(result.path("benchmark").asText()).endsWith("YardstickBenchmark.chase");
        assertThat(result.path("params").path("words").asText()).isEqualTo("512");
        assertThat(result.path("primaryMetric").path("score").asDouble()).isPositive();
        assertThat(result.findValue("rawData")).isNull();
        assertThat(result.findValue("jvm")).isNull();
        assertThat(Files.readString(folder.resolve("quick.txt")))
                .contains("processor  ", "caches  ", "kernel  ", "commit     abc123")
                .contains(System.getProperty("os.version"), Runtime.version().toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"x.txt", "--only nothing-like-it x.json", "--only ( x.json", "nowhere/x.json", "--wrong"})
    void shouldRefuseBadUsageBeforeAnythingRuns(String args) throws IOException {
        int status = run(args.replace("nowhere", folder + "/nowhere").split(" "));

        assertThat(status).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(folder).isEmptyDirectory();
    }
}
