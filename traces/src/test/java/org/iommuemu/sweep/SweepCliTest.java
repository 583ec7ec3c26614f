// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceReader;
import org.iommuemu.trace.TraceWriter;
import org.iommuemu.trace.pattern.TracePattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SweepCliTest {
    private static final String TRACE = "traces: [{generate: {pattern: ring, tenants: 2, records: 2000}, name: a}]\n";

    @TempDir
    private Path folder;

    private Path output() {
        return folder.resolve("out");
    }

    private Path write(String text) throws IOException {
        final Path file = folder.resolve("x.yaml");
        Files.writeString(file, text);
        return file;
    }

    private SweepRun run(String text) throws IOException {
        return SweepRun.of(write(text), "--output", output(), "--threads", 2);
    }

    private List<String> rows() throws IOException {
        return Files.readAllLines(output().resolve("results.csv"));
    }

    @Test
    void shouldTabulateEveryPointInTheOrderOfThePlan() throws IOException {
        final SweepRun run = run(TRACE + "parameters: {iotlb.entries: [64, 4], iotlb.policy: [fifo, lru]}");

        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        assertThat(run.out())
                .matches("4 points, 0 failed; 4 run in [0-9.]+ s: [0-9.,]+ points/s, [0-9.]+ M records/s\n");
        assertThat(rows()).hasSize(5);
        assertThat(rows().get(0)).startsWith("point,id,sweep,trace,preset,iotlb.entries,iotlb.policy,records,dma,");
        assertThat(rows())
                .extracting(r -> r.replaceAll(",[0-9a-f]{16},x,", " "))
                .satisfies(r -> {
                    assertThat(r.get(1)).startsWith("1 a,none,64,fifo,");
                    assertThat(r.get(2)).startsWith("2 a,none,64,lru,");
                    assertThat(r.get(3)).startsWith("3 a,none,4,fifo,");
                    assertThat(r.get(4)).startsWith("4 a,none,4,lru,");
                });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        parameters: {iotlb.entrys: [1]}                 | 2: unknown parameter 'iotlb.entrys'; expected one of iotlb.entries
        parameters: {iotlb.entries: [64, many]}         | 2: iotlb.entries is 'many'; expected a whole number from 0 to 1048576
        parameters: {iotlb.entries: [64, 2097152]}      | 2: iotlb.entries is '2097152'; expected a whole number from 0 to 1048576
        parameters: {iotlb.policy: [mru]}               | 2: iotlb.policy is 'mru'; expected one of lru, tree-plru
        parameters: {iotlb.entries: []}                 | 2: 'iotlb.entries' is empty; expected a list
        parameters: {iotlb.entries: [4, 4]}             | 2: iotlb.entries has 4 twice; expected each value once
        parameters: {iotlb.entries: {from: 1, to: 4}}   | 2: iotlb.entries is no range; expected {from: A, to: B, step: S}
        parameters: {iotlb.entries: {from: 4, to: 1, step: 1}} | 2: 'from' is '4'; expected a whole number from -2147483648 to 1
        parameters: {}                                  | 2: 'parameters' is empty; expected keys with lists
        points: []                                      | 2: 'points' is empty; expected a list
        set: {iotlb.ways: -1}                           | 2: iotlb.ways is '-1'; expected a whole number from 0
        presets: [arm]                                  | 2: unknown preset 'arm'; expected none, or one of
        presets: [none, none]                           | 2: preset 'none' is there twice; expected each once
        closed-loop: 4                                  | 2: closed-loop, skip, warm-up or measure without time; expected timed: true
        sample: {points: 3}                             | : 'sample' without 'parameters'; expected a grid
        timed: maybe                                    | 2: 'timed' is 'maybe'; expected true or false
        paramters: {iotlb.entries: [4]}                 | 2: unknown key 'paramters'; expected one of name, traces,
        sweeps: [{parameters: {iotlb.entries: 4}}]      | 2: a sweep without a name; expected name: one for each
        sweeps: [{name: y, traces: [b]}]                | 2: unknown trace 'b'; expected {file: PATH}, {generate: {...}} or {import: {...}}, or one of a
        traces: []                                      | 2: not YAML: Duplicate field 'traces'; expected valid YAML
        """)
    void shouldRefuseInOneLineWhatIsWrongInTheFile(String line, String message) throws IOException {
        final SweepRun run = run(TRACE + line + "\n");

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err()).matches("iommu-emu: \\S*x.yaml:[^\n]*\n").contains(message);
        assertThat(output()).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        {file: gone.trace}                 | gone.trace: does not exist; expected a readable trace file
        {file: x.yaml}                     | x.yaml: is no binary trace
        {file: bad.csv}                    | bad.csv:3: iova is 'zero'
        {generate: {pattern: spiral}}      | x.yaml:1: 'pattern' is 'spiral'; expected one of hyper-tenant
        {generate: {tenants: 0}}           | x.yaml:1: 'tenants' is '0'; expected a whole number from 1
        {generate: {size: 0}}              | x.yaml:1: unknown key 'size' of generate
        {generate: {pattern: zipf, skew: steep}} | x.yaml:1: 'skew' is 'steep'; expected a number
        {generate: {pattern: ring, skew: 1}} | x.yaml:1: --skew
        {name: a}                          | x.yaml:1: a trace with none of file, generate, import; expected one
        {file: a, generate: {}}            | x.yaml:1: a trace with file and generate; expected one
        """)
    void shouldRefuseInOneLineWhatIsWrongWithATrace(String trace, String message) throws IOException {
        Files.writeString(folder.resolve("bad.csv"), "time_ps,kind,stream,iova\n0,read,1,0x1000\n0,read,1,zero\n");

        final SweepRun run = run("traces: [" + trace + "]\n");

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err()).contains(message);
        assertThat(output().resolve("results.csv")).doesNotExist();
    }

    @Test
    void shouldRefuseAnOutputThatCannotBeWritten() throws IOException {
        Files.writeString(folder.resolve("file"), "x");

        final SweepRun run = SweepRun.of(write(TRACE), "--output", folder.resolve("file/out"));

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err())
                .matches("iommu-emu: \\S+file/out: cannot be written [^\n]*; expected a writable folder\n");
    }

    @Test
    void shouldRefuseMorePointsThanAsked() throws IOException {
        final Path file = write(TRACE + "parameters: {iotlb.entries: {from: 1, to: 1000, step: 1},"
                + " ipa-cache.entries: {from: 1, to: 1000, step: 1}}");

        final SweepRun run = SweepRun.of(file, "--output", output());

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err())
                .isEqualTo(
                        "iommu-emu: " + file + ": has at least 1000000 points; expected at most 100000, or a sample, or"
                                + " --max-points with a larger number\n");
    }

    @Test
    void shouldFinishTheOthersWhenAPointFails() throws IOException {
        final SweepRun run = run(TRACE + "parameters: {iotlb.entries: [8, 6], iotlb.ways: [4, 0]}");

        assertThat(run.status()).isEqualTo(1);
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .contains("point 3 (x, a, iotlb.entries 6, iotlb.ways 4): none: iotlb.entries is 6 and iotlb.ways is 4;"
                        + " expected entries that are a multiple of the ways\n4 points, 1 failed; ");
        assertThat(rows().get(3))
                .endsWith(
                        ","
                                + "none: iotlb.entries is 6 and iotlb.ways is 4; expected entries that are a multiple of the ways");
        assertThat(rows().get(4)).contains(",6,0,");
    }

    @Test
    void shouldRefuseWhenEveryPointFails() throws IOException {
        final SweepRun run = run(TRACE + "parameters: {iotlb.entries: [10, 6], iotlb.ways: [4]}");

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err())
                .contains("has no point that can be: point 1 (x, a, iotlb.entries 10, iotlb.ways 4): none:");
        assertThat(output()).doesNotExist();
    }

    @Test
    void shouldNameTheRecordWhereATraceIsDamaged() throws IOException {
        final Path trace = folder.resolve("t.trace");
        try (TraceWriter out = TraceEncoding.BINARY.create(trace, "")) {
            TracePattern.RING.write(new TracePattern.Parameters(1, 100, 1), out);
        }
        try (RandomAccessFile file = new RandomAccessFile(trace.toFile(), "rw")) {
            file.seek(4096 + 40 * 49 + 36);
            file.write(99);
        }

        final SweepRun run = run("traces: [{file: t.trace, name: torn}, {generate: {records: 10}, name: whole}]\n"
                + "parameters: {iotlb.entries: [8, 4]}");

        assertThat(run.status()).isEqualTo(1);
        assertThat(run.out()).contains("point 1 (x, torn, iotlb.entries 8): torn: record 50 at byte 6056: kind is 99");
        assertThat(run.out()).contains("4 points, 2 failed; 4 run");
        assertThat(rows().get(1)).contains(",torn: record 50 at byte 6056: kind is 99");
        assertThat(rows().get(3)).contains(",whole,");
    }

    @Test
    void shouldNameTheRecordThatCannotBeMapped() throws IOException {
        final Path csv = folder.resolve("t.csv");
        Files.writeString(
                csv,
                "time_ps,kind,stream,iova,length,attributes,page_shift,address\n0,map,1,0x1000,4096,rw,12,0x1000\n"
                        + "0,map,1,0xffff000000001000,4096,rw,12,0x2000\n");

        final SweepRun run = run("traces: [{file: t.csv}]\n");

        assertThat(run.status()).isEqualTo(1);
        assertThat(run.out()).startsWith("point 1 (x, t.csv): t.csv: record 2 ");
    }

    @Test
    void shouldComeToTheSameBytesOnEveryNumberOfThreads() throws IOException {
        final Path file = write(several());
        final Path two = folder.resolve("two");

        assertThat(SweepRun.of(file, "--output", output(), "--threads", 1).status())
                .isZero();
        assertThat(SweepRun.of(file, "--output", two, "--threads", 3).status()).isZero();

        assertSame(two);
    }

    @Test
    void shouldComeToTheSameBytesOnAnotherJdk() throws Exception {
        final Path other = otherJava();
        assumeTrue(other != null, "no other JDK of release 17 or later beside this one");
        final Path file = write(several());
        final Path two = folder.resolve("two");
        final Path log = folder.resolve("log");

        assertThat(SweepRun.of(file, "--output", output(), "--threads", 1).status())
                .isZero();
        final Process run = SweepRun.startOn(other, log, file, "--output", two, "--threads", 2);
        assertThat(run.waitFor(2, TimeUnit.MINUTES)).isTrue();

        assertThat(run.exitValue()).as(Files.readString(log)).isZero();
        assertSame(two);
    }

    private static String several() {
        return """
                traces:
                  - generate: {pattern: hyper-tenant, tenants: 4, records: 5000, seed: 3}
                  - generate: {pattern: uniform, tenants: 2, records: 5000, seed: 4}
                sweeps:
                  - name: misses
                    parameters: {iotlb.entries: [8, 512], iotlb.policy: [lru, random, srrip]}
                  - name: times
                    timed: true
                    warm-up: 100
                    presets: [arm-mmu-600, intel-icelake, none]
                    parameters: {iotlb.entries: [8, 64], atc.entries: [0, 16]}
                    sample: {points: 15, seed: 5}
                """;
    }

    private void assertSame(Path other) {
        for (String name : List.of("results.csv", "results.json", "report.html")) {
            assertThat(other.resolve(name)).hasSameBinaryContentAs(output().resolve(name));
        }
    }

    private static Path otherJava() throws IOException {
        final Path mine = Path.of(System.getProperty("java.home")).toRealPath();
        try (var all = Files.list(mine.getParent())) {
            return all.filter(home -> !Files.isSymbolicLink(home) && !home.equals(mine))
                    .filter(home -> release(home) >= 17
                            && release(home) != Runtime.version().feature())
                    .map(home -> home.resolve("bin").resolve("java"))
                    .filter(Files::isExecutable)
                    .sorted()
                    .findFirst()
                    .orElse(null);
        }
    }

    /** Feature release of a JDK; 0 where there is none. */
    private static int release(Path home) {
        try {
            return Files.readAllLines(home.resolve("release")).stream()
                    .filter(l -> l.startsWith("JAVA_VERSION="))
                    .map(l -> l.replaceAll("[^0-9.]", "").split("\\.", 2)[0])
                    .mapToInt(Integer::parseInt)
                    .findFirst()
                    .orElse(0);
        } catch (final IOException e) {
            return 0;
        }
    }

    @Test
    void shouldSampleTheSamePointsForASeedAndNoneTwice() throws IOException {
        final String grid = TRACE + "parameters: {iotlb.entries: {from: 1, to: 100, step: 1}}\n";
        final SweepRun first = SweepRun.of(write(grid + "sample: {points: 40, seed: 1}"), "--dry-run");
        final SweepRun again = SweepRun.of(write(grid + "sample: {points: 40, seed: 1}"), "--dry-run");
        final SweepRun other = SweepRun.of(write(grid + "sample: {points: 40, seed: 2}"), "--dry-run");

        assertThat(first.out()).isEqualTo(again.out()).isNotEqualTo(other.out());
        final List<Integer> entries = first.out()
                .lines()
                .filter(l -> l.startsWith("point "))
                .map(l -> Integer.valueOf(l.replaceAll(".*entries (\\d+)\\).*", "$1")))
                .toList();
        assertThat(entries).hasSize(40).doesNotHaveDuplicates().isSorted();
    }

    private static final String THREE = """
            traces: [{generate: {records: 100}, name: shared}, {file: gone.trace}]
            sweeps:
              - {name: one, traces: [shared], parameters: {iotlb.entries: [8, 16]}}
              - {name: two, traces: [gone.trace]}
              - {name: three, traces: [{generate: {records: 200}, name: own}, shared], set: {iotlb.entries: 8}}
            """;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        one       | 1 one shared, 2 one shared                            | 1
        three     | 1 three own, 2 three shared                           | 2
        three,one | 1 one shared, 2 one shared, 3 three own, 4 three shared | 2
        """)
    void shouldRunOnlyTheSweepsAskedForAndMakeOnlyTheirTraces(String only, String points, int traces)
            throws IOException {
        final SweepRun run = SweepRun.of(write(THREE), "--output", output(), "--only", only);

        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        assertThat(rows().stream()
                        .skip(1)
                        .map(r -> r.split(","))
                        .map(r -> r[0] + " " + r[2] + " " + r[3])
                        .toList())
                .containsExactly(points.split(", "));
        assertThat(SweepRun.files(output()).stream().filter(f -> f.startsWith("traces/")))
                .hasSize(traces);
    }

    @Test
    void shouldNotGoOnWithOtherSweepsOfTheSameFile() throws IOException {
        final Path file = write(THREE);
        assertThat(SweepRun.of(file, "--output", output(), "--only", "one").status())
                .isZero();

        final SweepRun other = SweepRun.of(file, "--output", output(), "--only", "one,three", "--resume");

        assertThat(other.status()).isEqualTo(2);
        assertThat(other.err()).contains("has results of another sweep, or of other traces");
        assertThat(SweepRun.of(file, "--output", output(), "--only", "one", "--resume")
                        .status())
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"four", "one,four", "''"})
    void shouldNameTheSweepsThereAreWhenAskedForAnother(String only) throws IOException {
        final Path file = write(THREE);

        final SweepRun run = SweepRun.of(file, "--output", output(), "--only", only);

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err())
                .isEqualTo("iommu-emu: " + file + ": has no sweep '" + only.replace("one,", "")
                        + "'; expected one of one, two, three\n");
        assertThat(output()).doesNotExist();
    }

    @Test
    void shouldListPointsAndRunNoneWhenAsked() throws IOException {
        final SweepRun run = SweepRun.of(
                write(TRACE + "parameters: {iotlb.entries: [8, 6], iotlb.ways: 4}"), "--dry-run", "--threads", 2);

        assertThat(run.status()).isZero();
        assertThat(run.out())
                .isEqualTo("point 1 (x, a, iotlb.entries 8, iotlb.ways 4)\n"
                        + "point 2 (x, a, iotlb.entries 6, iotlb.ways 4) fails: none: iotlb.entries is 6 and iotlb.ways"
                        + " is 4; expected entries that are a multiple of the ways\n"
                        + "2 points, 1 of them fail; about 0.0 M records, some 1 s on 2 threads\n");
        assertThat(SweepRun.files(folder)).containsExactly("x.yaml");
    }

    @Test
    void shouldGenerateWhatTraceGenerateDoes() throws IOException {
        assertThat(run(TRACE).status()).isZero();
        final Path made = output().resolve(SweepRun.files(output()).stream()
                .filter(f -> f.startsWith("traces/ring-"))
                .findFirst()
                .orElseThrow());

        try (TraceReader trace = TraceEncoding.open(made)) {
            long dma = 0;
            final DmaRecord r = trace.record();
            while (trace.next()) {
                dma += r.isDma() ? 1 : 0;
            }
            assertThat(dma).isEqualTo(2000);
        }
    }
}
