// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.iommuemu.cli.Main;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceReader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Traces of a sweep that others have recorded. */
class SweepImportTest {
    private static final String HEADER =
            "seq,timestamp_ns,kind,op,sid,asid,iova,len,perm,pa,tlb,level,pte_addr,pte,detail";
    /** Of RecordHeader: records begin behind it. */
    private static final int HEADER_BYTES = 4096;

    @TempDir
    private Path folder;

    private Path capture;
    private Path output;

    @BeforeEach
    void writeCapture() throws IOException {
        output = folder.resolve("out");
        capture = Files.createDirectory(folder.resolve("capture"));
        Files.write(
                capture.resolve("trace.csv"),
                List.of(
                        HEADER,
                        "1,1000,dma,translate,0x10,1,0x1040,64,RW,0x41001040,miss,3,,,",
                        "2,2000,dma,translate,0x10,1,0x2040,64,RW,0x41002040,miss,3,,,",
                        "3,3000,dma,translate,0x10,1,0x1040,64,RW,0x41001040,hit,,,,"));
    }

    private SweepRun run(String trace, Object... more) throws IOException {
        Path file = folder.resolve("x.yaml");
        Files.writeString(file, "traces:\n  - name: a\n    import: " + trace + "\n");
        List<Object> args = new ArrayList<>(List.of(file, "--output", output));
        args.addAll(Arrays.asList(more));
        return SweepRun.of(args.toArray());
    }

    private List<Path> made() throws IOException {
        try (var all = Files.list(output.resolve("traces"))) {
            return all.sorted().toList();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{input: capture}", "{from: capture, input: capture/trace.csv}"})
    void shouldReplayWhatTraceImportMakes(String trace) throws IOException {
        final Path alone = folder.resolve("alone.trace");
        final PrintWriter nowhere = new PrintWriter(PrintWriter.nullWriter());
        assertThat(Main.run(nowhere, nowhere, "trace", "import", capture.toString(), "--output", alone.toString()))
                .isZero();

        final SweepRun run = run(trace);

        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        assertThat(run.out()).startsWith("1 points, 0 failed; 1 run");
        assertThat(made()).hasSize(1);
        assertThat(records(made().get(0))).isNotEmpty().isEqualTo(records(alone));
        // Three accesses and two maps.
        assertThat(Files.readAllLines(output.resolve("results.csv")).get(1)).contains(",x,a,none,5,3,3,3,1,2,");
    }

    private static byte[] records(Path trace) throws IOException {
        byte[] all = Files.readAllBytes(trace);
        return Arrays.copyOfRange(all, HEADER_BYTES, all.length);
    }

    @Test
    void shouldImportOnceAndNoticeAnotherInput() throws IOException {
        assertThat(run("{input: capture}").status()).isZero();
        final var time = Files.getLastModifiedTime(made().get(0));

        final SweepRun again = run("{input: capture}", "--resume");
        assertThat(again.status()).isZero();
        assertThat(again.out()).startsWith("1 points, 0 failed; 0 run");
        assertThat(made()).hasSize(1);
        assertThat(Files.getLastModifiedTime(made().get(0))).isEqualTo(time);

        final Path trace = capture.resolve("trace.csv");
        Files.writeString(
                trace,
                Files.readString(trace)
                        .replace("3,3000,dma,translate,0x10,1,0x1040", "3,3000,dma,translate,0x10,1,0x1080"));
        final SweepRun other = run("{input: capture}", "--resume");

        assertThat(other.status()).isEqualTo(2);
        assertThat(other.err())
                .isEqualTo("iommu-emu: " + output
                        + ": has results of another sweep, or of other traces; expected the same, or another folder\n");
    }

    /** Which tells the size of pages, and so is part of the input. */
    @Test
    void shouldNoticeAnotherListOfMappingsBesideTheTrace() throws IOException {
        assertThat(run("{input: capture}").status()).isZero();
        Files.write(capture.resolve("mappings.csv"), List.of("size", "16384"));

        assertThat(run("{input: capture}", "--resume").status()).isEqualTo(2);
    }

    @Test
    void shouldMakeTheSameBytesWhereverTheInputIs() throws IOException {
        assertThat(run("{input: capture}").status()).isZero();
        final Path first = made().get(0);
        final Path moved = Files.createDirectories(folder.resolve("deep").resolve("capture"));
        Files.copy(capture.resolve("trace.csv"), moved.resolve("trace.csv"));
        output = folder.resolve("two");

        assertThat(run("{input: deep/capture}").status()).isZero();

        assertThat(made().get(0)).hasFileName(first.getFileName().toString()).hasSameBinaryContentAs(first);
    }

    @ParameterizedTest
    @ValueSource(strings = {"32", "0x20", "'00:04.0'"})
    void shouldGiveTheStreamToWhatNamesNoDevice(String stream) throws IOException {
        Files.writeString(
                folder.resolve("f.txt"),
                " nvme-1 [000] ..... 1.0: map: IOMMU: iova=0x1000 - 0x2000 paddr=0x41000000 size=4096\n");

        final SweepRun run = run("{from: ftrace, input: f.txt, stream: " + stream + "}");

        assertThat(run.err()).isEmpty();
        try (TraceReader trace = TraceEncoding.open(made().get(0))) {
            assertThat(trace.next()).isTrue();
            final DmaRecord record = trace.record();
            assertThat(record.stream()).isEqualTo(0x20);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        {input: gone}                                | cannot import FOLDER/gone: does not exist; expected something to import
        {from: joined, input: gone.csv}              | cannot import FOLDER/gone.csv: does not exist; expected something to import
        {from: joined, input: capture}               | cannot import FOLDER/capture: has no joined.csv; expected
        {input: x.yaml}                              | cannot import FOLDER/x.yaml: is of no known kind; expected one of joined
        {from: csv, input: capture}                  | 'from' is 'csv'; expected one of joined, capture, ftrace, qemu-log, hypersio
        {from: capture}                              | 'import' without 'input'; expected input: a file or folder
        {input: capture, seed: 1}                    | unknown key 'seed' of import; expected one of from, input, stream
        {input: capture, stream: 4294967296}         | 'stream' is '4294967296'; expected a number of at most 32 bits
        {input: capture, stream: '0:99.0'}           | 'stream' is '0:99.0'; expected a number of at most 32 bits
        capture                                      | import has no keys; expected keys with values
        """)
    void shouldRefuseInOneLineWithTheFilesLineBeforeAnythingIsWritten(String trace, String message) throws IOException {
        final SweepRun run = run(trace);

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err())
                .startsWith("iommu-emu: " + folder.resolve("x.yaml") + ":3: "
                        + message.replace("FOLDER", folder.toString()));
        assertThat(output).doesNotExist();
    }

    @Test
    void shouldNameTheLineOfADamagedInputAndLeaveNothingOfItsTrace() throws IOException {
        final Path trace = capture.resolve("trace.csv");
        Files.writeString(
                trace, Files.readString(trace).replace("2,2000,dma,translate,0x10", "2,2000,dma,translate,ten"));

        final SweepRun run = run("{input: capture}");

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err())
                .startsWith(
                        "iommu-emu: " + folder.resolve("x.yaml") + ":3: cannot import " + trace + ":3: sid is 'ten'");
        assertThat(made()).isEmpty();
    }
}
