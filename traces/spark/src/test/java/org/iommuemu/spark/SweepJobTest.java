// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
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
    private static final String SWEEP = """
            name: on-a-cluster
            traces:
              - {file: ring.csv.zst, name: ring}
              - generate: {pattern: hyper-tenant, tenants: 4, records: 100000, seed: 7}
                name: tenants
            timed: true
            parameters:
              iotlb.entries: [16, 64, 256, 1024, 4096]
              iotlb.ways: [0, 4, 7, 16]
            """;

    private static final String SMALL = """
            name: small
            traces:
              - generate: {pattern: ring, tenants: 2, records: 5000, seed: 3}
            timed: true
            parameters:
              iotlb.entries: [8, 16, 32, 64]
              machine.stages: [1, nested]
            """;

    @TempDir
    private static Path folder;

    private static StandaloneCluster cluster;
    private static Path sweep;
    private static LoggedProcess last;
    /** What the local engine makes of it. */
    private static Path local;

    @BeforeAll
    static void startCluster() throws IOException, InterruptedException {
        cluster = new StandaloneCluster(folder, 2);
        sweep = Files.writeString(folder.resolve("sweep.yaml"), SWEEP);
        command(
                "trace",
                "generate",
                "--pattern",
                "ring",
                "--tenants",
                "2",
                "--records",
                "100000",
                "--output",
                folder.resolve("ring.csv.zst").toString());
        local = folder.resolve("local");
        // Ways that do not divide the entries: these points fail, and their reasons must be the same too.
        assertThat(command("sweep", sweep.toString(), "--output", local.toString()))
                .isEqualTo(1);
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
    }

    private static int command(String... arguments) {
        return Main.run(new PrintWriter(new StringWriter()), new PrintWriter(new StringWriter()), arguments);
    }

    /** Without the model's flags, unless the driver is the executor too: the job gives them to its executors. */
    private static LoggedProcess submit(String name, String master, String... arguments) throws IOException {
        return submitWith(
                master.startsWith("local") ? List.of(JvmFlags.line().split(" ")) : List.of(), name, master, arguments);
    }

    private static LoggedProcess submitWith(List<String> javaOptions, String name, String master, String... arguments)
            throws IOException {
        List<String> all =
                new ArrayList<>(List.of("--master", master, "--conf", "spark.executor.memory=600m", "--class"));
        all.addAll(List.of("org.iommuemu.spark.SweepJob", SparkHome.JOB_JAR.toString()));
        all.addAll(List.of(arguments));
        return SparkHome.start(name, folder, javaOptions, "org.apache.spark.deploy.SparkSubmit", all);
    }

    @Test
    void shouldGiveTheBytesOfTheLocalEngineWhenAWorkerIsKilled() throws Exception {
        Path results = folder.resolve("killed");

        try (LoggedProcess job = submit(
                "killed",
                cluster.url(),
                sweep.toUri().toString(),
                "--output",
                results.toUri().toString())) {
            String done = job.await("(20 of 40 points)");
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

    @Test
    void shouldWriteTheSameValuesAsParquetWithSeveralPointsInATask() throws Exception {
        Path small = Files.writeString(folder.resolve("small.yaml"), SMALL);
        Path expected = folder.resolve("small-local");
        assertThat(command("sweep", small.toString(), "--output", expected.toString()))
                .isEqualTo(0);

        int status = run(
                "parquet",
                "local[2]",
                small.toString(),
                "--output",
                folder + "/small",
                "--format",
                "parquet",
                "--points-per-task",
                "3");

        assertThat(status).as(last.errors()).isEqualTo(0);
        List<String> table = dump(folder.resolve("small/results.parquet"));
        assertThat(table.get(0))
                .contains("point BIGINT", "`iotlb.entries` STRING", "iotlb_hits BIGINT")
                .contains("iotlb_miss_ratio DECIMAL(19,6)", "latency_p50_ns DECIMAL(19,3)", "error STRING");
        assertThat(table.subList(1, table.size())).isEqualTo(Files.readAllLines(expected.resolve("results.csv")));
    }

    @Test
    void shouldNameAnUnknownParameterWithItsLine() throws Exception {
        Path wrong = Files.writeString(folder.resolve("wrong.yaml"), SMALL.replace("iotlb.entries", "iotlb.entrees"));

        int status = run("wrong", "local[1]", wrong.toString(), "--output", folder + "/wrong");

        assertThat(status).isEqualTo(2);
        assertThat(complaint()).contains("wrong.yaml:6").contains("iotlb.entrees");
        assertThat(folder.resolve("wrong")).doesNotExist();
    }

    @Test
    void shouldNameATraceThatIsNotThere() throws Exception {
        Path lost = Files.writeString(folder.resolve("lost.yaml"), SWEEP.replace("ring.csv.zst", "lost.csv.zst"));

        int status = run("lost", "local[1]", lost.toString(), "--output", folder + "/lost");

        assertThat(status).isEqualTo(2);
        assertThat(complaint()).contains("lost.csv.zst: does not exist; expected a readable trace file");
        assertThat(folder.resolve("lost")).doesNotExist();
    }

    @Test
    void shouldRefuseAnImportWithItsLine() throws Exception {
        Path imports = Files.writeString(
                folder.resolve("imports.yaml"), "traces:\n  - name: nvme\n    import: {input: capture}\n");

        int status = run("imports", "local[1]", imports.toString(), "--output", folder + "/imports");

        assertThat(status).isEqualTo(2);
        assertThat(complaint())
                .contains("imports.yaml:3: trace 'nvme' is an import, which no cluster makes; expected a trace made by"
                        + " trace import beforehand");
        assertThat(folder.resolve("imports")).doesNotExist();
    }

    @Test
    void shouldNameAFileSystemThatHadoopDoesNotHave() throws Exception {
        int status = run("nowhere", "local[1]", "nowhere://host/sweep.yaml", "--output", folder + "/nowhere");

        assertThat(status).isEqualTo(2);
        assertThat(complaint()).contains("nowhere://host/sweep.yaml");
    }

    @Test
    void shouldSayWhichFlagsALocalMasterNeeds() throws Exception {
        last = submitWith(List.of(), "flags", "local[1]", sweep.toString(), "--output", folder + "/flags");

        assertThat(last.exitStatus()).isEqualTo(2);
        assertThat(complaint())
                .contains("--driver-java-options '-XX:+IgnoreUnrecognizedVMOptions --add-opens=java.base/");
    }

    private static int run(String name, String master, String... arguments) throws Exception {
        last = submit(name, master, arguments);
        return last.exitStatus();
    }

    /** The one line that the last job said itself. */
    private static String complaint() {
        List<String> own =
                last.errors().lines().filter(line -> !line.contains("WARN")).toList();
        assertThat(own).as(last.errors()).hasSize(1);
        return own.get(0);
    }

    private static List<String> dump(Path table) throws Exception {
        LoggedProcess dump = SparkHome.start(
                "dump",
                folder,
                List.of(
                        "-Dspark.master=local[1]",
                        "-Dspark.log.level=WARN",
                        "-cp",
                        SparkHome.JARS + File.pathSeparator + System.getProperty("test.classes")),
                ParquetDump.class.getName(),
                List.of(table.toUri().toString()));
        assertThat(dump.exitStatus()).as(dump.errors()).isEqualTo(0);
        return dump.output().lines().toList();
    }
}
