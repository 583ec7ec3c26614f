// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks.result;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two files in, lines and a status out. */
class CompareCommandTest {
    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return CompareCommand.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    private String file(String name, String... results) throws IOException {
        Path file = folder.resolve(name);
        Files.writeString(file, "[" + String.join(",\n", results) + "]");
        return file.toString();
    }

    private static String result(String benchmark, String params, double score, String error, String unit) {
        return """
                {"jmhVersion": "1.37", "benchmark": "org.iommuemu.benchmarks.%s", "mode": "avgt", "jdkVersion": "25.0.3",
                 "params": {%s},
                 "primaryMetric": {"score": %s, "scoreError": %s, "scoreUnit": "%s"},
                 "secondaryMetrics": {"gc.alloc.rate.norm": {"score": 0.4, "scoreError": 0.1, "scoreUnit": "B/op"}}}
                """.formatted(benchmark, params, score, error, unit);
    }

    private static String nanos(String benchmark, String params, double score, double error) {
        return result(benchmark, params, score, Double.toString(error), "ns/op");
    }

    private String line(String start) {
        return out.toString()
                .lines()
                .filter(l -> l.startsWith(start))
                .findFirst()
                .orElseThrow()
                .replaceAll(" +", " ");
    }

    @Test
    void shouldGiveTheRatioOfTimesWithTheErrorOfBoth() throws IOException {
        String before = file("old.json", nanos("HitBenchmark.oneStream", "\"entries\": \"64\"", 10, 0.3));
        String after = file("new.json", nanos("HitBenchmark.oneStream", "\"entries\": \"64\"", 20, 0.8));

        int status = run(before, after);

        // 2 * sqrt(0.03^2 + 0.04^2)
        assertThat(line("HitBenchmark.oneStream entries=64"))
                .isEqualTo("HitBenchmark.oneStream entries=64 ns/op 10.0 ± 0.3 20.0 ± 0.8 2.00 0.10 slower – 0 0");
        assertThat(status).isZero();
    }

    @Test
    void shouldTakeMoreOperationsInATimeForFaster() throws IOException {
        String before = file("old.json", result("A.b", "", 2, "0.01", "ops/us"));
        String after = file("new.json", result("A.b", "", 4, "0.01", "ops/us"));

        run(before, after);

        assertThat(line("A.b")).contains(" 0.50 0.00 faster ");
    }

    @ParameterizedTest
    @CsvSource({"10.3,same", "9.7,same", "10.6,slower", "9.4,faster"})
    void shouldSayWhetherTheDifferenceIsBeyondTheError(double score, String verdict) throws IOException {
        String before = file("old.json", nanos("A.b", "", 10, 0.3));
        String after = file("new.json", nanos("A.b", "", score, 0.4));

        run(before, after);

        assertThat(line("A.b")).contains(" " + verdict + " ");
    }

    @Test
    void shouldDivideByTheYardstickOfTheSameFileSoThatMachinesCompare() throws IOException {
        String params = "\"entries\": \"64\"";
        String before = file(
                "old.json",
                nanos("YardstickBenchmark.probe", params, 1, 0.01),
                nanos("HitBenchmark.oneStream", params, 10, 0.1));
        String after = file(
                "new.json",
                nanos("YardstickBenchmark.probe", params, 2, 0.01),
                nanos("HitBenchmark.oneStream", params, 30, 0.1));

        run(before, after);

        assertThat(line("HitBenchmark")).contains(" 3.00 0.03 slower 1.50 ");
    }

    @Test
    void shouldListRowsThatOneFileLacks() throws IOException {
        String before = file("old.json", nanos("A.b", "", 1, 0.1), nanos("A.c", "\"n\": \"1\"", 1, 0.1));
        String after = file("new.json", nanos("A.b", "", 1, 0.1), nanos("A.d", "", 1, 0.1));

        int status = run(before, after);

        assertThat(out.toString().lines())
                .contains("only in the old file: A.c n=1", "only in the new file: A.d")
                .noneMatch(l -> l.startsWith("A.c") || l.startsWith("A.d"));
        assertThat(status).isZero();
    }

    @ParameterizedTest
    @CsvSource({"10.9,0.1,0", "11.2,0.1,1", "11.2,0.3,0"})
    void shouldFailAboveALimitBeyondTheErrorOnly(double score, double error, int expected) throws IOException {
        String before = file("old.json", nanos("A.b", "", 10, 0.1));
        String after = file("new.json", nanos("A.b", "", score, error));

        int status = run("--fail-above", "1.10", before, after);

        assertThat(status).isEqualTo(expected);
        assertThat(out.toString().contains("above 1.1: A.b: 1.12")).isEqualTo(expected == 1);
    }

    @Test
    void shouldJudgeARowWithoutErrorByItsRatioAlone() throws IOException {
        String before = file("old.json", result("A.b", "", 10, "\"NaN\"", "ns/op"));
        String after = file("new.json", result("A.b", "", 12, "\"NaN\"", "ns/op"));

        int status = run("--fail-above", "1.10", before, after);

        assertThat(line("A.b")).isEqualTo("A.b ns/op 10.0 12.0 1.20 – ? – 0 0");
        assertThat(status).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {"a": 1}                    | no results
                    []                          | no results
                    [                           | not JSON
                    [] []                       | not JSON
                    [{"benchmark": "A.b"}]      | result 1 is not one of a benchmark
                    nothing                     | not JSON
                    """)
    void shouldNameABadFileInOneLine(String text, String problem) throws IOException {
        Path bad = Files.writeString(folder.resolve("bad.json"), text);
        String good = file("good.json", nanos("A.b", "", 1, 0.1));

        int status = run(good, bad.toString());

        assertThat(status).isEqualTo(2);
        assertThat(err.toString().lines())
                .hasSize(1)
                .first()
                .asString()
                .startsWith("compare: " + bad)
                .contains(problem);
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void shouldRefuseARowThatIsThereTwice() throws IOException {
        String twice = file("twice.json", nanos("A.b", "", 1, 0.1), nanos("A.b", "", 2, 0.1));

        int status = run(twice, twice);

        assertThat(status).isEqualTo(2);
        assertThat(err.toString()).contains("result 2 is there twice: A.b");
    }

    @ParameterizedTest
    @CsvSource({
        "missing.json",
        "one",
        "--fail-above x a b",
        "--fail-above -1 a b",
        "--table --fail-above 1.1 a",
        "--nonsense"
    })
    void shouldRefuseBadUsageInOneLine(String args) {
        int status = run(args.split(" "));

        assertThat(status).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void shouldPutRunsSideBySideWithDashesForWhatOneLacks() throws IOException {
        String first = file("a.json", nanos("A.b", "", 1, 0.1), nanos("A.c", "", 2, 0.1));
        String second = file("b.json", nanos("A.d", "", 4, 0.1), nanos("A.c", "", 3, 0.1));

        run("--table", first, second);

        assertThat(out.toString().lines())
                .containsSubsequence(
                        "| `A.b` |  | 1.00 ± 0.10 | – | – | – | – | – | – | – | 0 / – | – | – |",
                        "| `A.c` |  | 2.00 ± 0.10 | – | – | – | 3.00 ± 0.10 | – | – | – | 0 / 0 | – | – |",
                        "| `A.d` |  | – | – | – | – | 4.00 ± 0.10 | – | – | – | – / 0 | – | – |");
    }

    @Test
    void shouldPrintATableBesideFloorsAimsAndPeers() throws IOException {
        String pages = "\"architecture\": \"SMMUV3\", \"order\": \"SHUFFLED\", \"pages\": \"65536\"";
        String run = file(
                "jdk.json",
                nanos("YardstickBenchmark.chase", "\"words\": \"65536\"", 4, 0.1),
                nanos("FloorBenchmark.miss", "\"pages\": \"65536\"", 8, 0.1),
                nanos("MissBenchmark.miss", pages, 60, 1.5),
                result(
                        "TraceReplayBenchmark.timed",
                        "\"stages\": \"NESTED\", \"tenants\": \"64\"",
                        10,
                        "0.5",
                        "ops/us"));

        int status = run("--table", run);

        assertThat(status).isZero();
        assertThat(out.toString().lines())
                .contains(
                        "| benchmark | parameters | JDK 25.0.3 | ÷ yardstick | ÷ floor | ÷ aim | B/op | aim | peers |",
                        "| `MissBenchmark.miss` | architecture=SMMUV3 order=SHUFFLED pages=65536 | 60.0 ± 1.5 | 15.00 | 7.50"
                                + " | 1.50 | 0 | 40.0 | 101 to 223 |",
                        "| `TraceReplayBenchmark.timed` | stages=NESTED tenants=64 | 10.0 ± 0.5 ops/us | – | – | 0.50 | 0"
                                + " | 5.00 | 0.57 (HyperSIO; nested) |");
    }
}
