// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.cli.Main;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The job's jar on a cluster of a master and two workers, against the local engine. */
class SweepJobTest {
    private static final int POINTS = 40;
    private static final String SWEEP =
            """
            name: on-a-cluster
            traces:
              - {file: ring.csv.zst, name: ring}
              - generate: {pattern: hyper-tenant, tenants: 4, records: 400000, seed: 7}
                name: tenants
            timed: true
            parameters:
              iotlb.entries: [16, 64, 256, 1024, 4096]
              iotlb.ways: [0, 4, 7, 16]
            """;

    @TempDir
    private static Path folder;

    private static StandaloneCluster cluster;
    private static Path sweep;
    /** What the local engine makes of it. */
    private static Path local;

    @BeforeAll
    static void startCluster() throws IOException, InterruptedException {
        cluster = new StandaloneCluster(folder, 2);
        sweep = Files.writeString(folder.resolve("sweep.yaml"), SWEEP);
        command("trace", "generate", "--pattern", "ring", "--tenants", "2", "--records", "300000", "--output",
                folder.resolve("ring.csv.zst").toString());
        local = folder.resolve("local");
        // Ways that do not divide the entries: these points fail, and their reasons must be the same too.
        assertThat(command("sweep", sweep.toString(), "--output", local.toString())).isEqualTo(1);
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
    }

    private static int command(String... arguments) {
        return Main.run(new PrintWriter(new StringWriter()), new PrintWriter(new StringWriter()), arguments);
    }

    private static LoggedProcess submit(String name, String master, String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of("--master", master, "--conf", "spark.executor.memory=600m", "--class"));
        all.addAll(List.of("org.iommuemu.spark.SweepJob", SparkHome.JOB_JAR.toString()));
        all.addAll(List.of(arguments));
        return SparkHome.start(name, folder, "org.apache.spark.deploy.SparkSubmit", all);
    }

    @Test
    void shouldGiveTheBytesOfTheLocalEngineWhenAWorkerIsKilled() throws Exception {
        Path results = folder.resolve("killed");

        try (LoggedProcess job = submit(
                "killed", cluster.url(), sweep.toUri().toString(), "--output", results.toUri().toString())) {
            String done = job.await("(1[5-9]|2\\d) of " + POINTS + " points");
            cluster.kill(0);

            assertThat(job.exitStatus()).as(job.errors()).isEqualTo(1);
            assertThat(job.errors()).as("after " + done).contains("Lost executor");
            assertThat(job.output()).contains(POINTS + " points, ");
        }
        assertThat(results.resolve("results.csv")).hasSameBinaryContentAs(local.resolve("results.csv"));
        assertThat(Files.readAllLines(results.resolve("results.csv"))).hasSize(POINTS + 1);
        try (var files = Files.list(results)) {
            assertThat(files).as("nothing else").hasSize(1);
        }
    }
}
