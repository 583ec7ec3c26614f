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
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.stream.Stream;
import org.iommuemu.capture.CompressedFile;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code trace} and the replay of what it makes. */
class TraceCliTest {
    private static final String SAMPLE = "samples/hyper-tenant-4.csv.zst";

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path temp;

    private int run(String... args) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    private String file(String name) {
        return temp.resolve(name).toString();
    }

    private int generate(String name, String... more) {
        return run(Stream.concat(Stream.of("trace", "generate", "--output", file(name)), Stream.of(more))
                .toArray(String[]::new));
    }

    /** The text inside: how zstd packs it may differ from one release of the library to the next. */
    @Test
    void shouldMakeTheSampleAgain() throws IOException {
        assertThat(generate("s.csv", "--tenants", "4", "--records", "20000", "--seed", "1"))
                .isZero();

        assertThat(temp.resolve("s.csv"))
                .hasBinaryContent(CompressedFile.open(Path.of(SAMPLE)).readAllBytes());
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void shouldConvertThereAndBack() throws IOException {
        generate("a.trace", "--tenants", "2", "--records", "999", "--seed", "5");
        run("trace", "convert", file("a.trace"), file("b.csv.gz"));
        run("trace", "convert", file("b.csv.gz"), file("c.csv.zst"));
        assertThat(run("trace", "convert", file("c.csv.zst"), file("d.trace"))).isZero();

        assertThat(temp.resolve("d.trace")).hasSameBinaryContentAs(temp.resolve("a.trace"));
    }

    @Test
    void shouldKeepQuotesAndCommasOfAProvenance() throws IOException {
        Path trace = temp.resolve("a.trace");
        try (TraceWriter to = TraceEncoding.BINARY.create(trace, "a \"quoted\", word\n\"\nonly \"one, or\"two")) {
            to.write(new DmaRecord().set(1, TraceKind.READ_DMA, 1, 0x1000, 64));
        }
        run("trace", "convert", file("a.trace"), file("b.csv"));
        assertThat(run("trace", "convert", file("b.csv"), file("c.trace"))).isZero();

        assertThat(err.toString()).isEmpty();
        assertThat(temp.resolve("b.csv")).content().startsWith("# a \"quoted\", word\n# \"\n# only \"one, or\"two\n");
        assertThat(temp.resolve("c.trace")).hasSameBinaryContentAs(trace);
    }

    @Test
    void shouldRefuseCommentsThatABinaryTraceHasNoRoomFor() throws IOException {
        Path csv = temp.resolve("long.csv");
        String rest = "time_ps,kind,stream,iova\n0,read,1,0x0\n";
        Files.writeString(csv, "# " + "x".repeat(4064) + "\n" + rest);
        assertThat(run("trace", "convert", csv.toString(), file("long.trace"))).isZero();
        Files.writeString(csv, "# " + "x".repeat(4065) + "\n" + rest);
        assertThat(run("trace", "convert", csv.toString(), file("other.trace"))).isEqualTo(2);

        assertThat(err.toString())
                .isEqualTo("iommu-emu: " + csv
                        + ": the comments have 4065 bytes; expected at most 4064, as a binary trace has room for\n");
        assertThat(temp.resolve("other.trace")).doesNotExist();
    }

    /** PASIDs of 20 bits, none among them, and streams that have only the same ones. */
    @Test
    void shouldCountPagesOfEachPasidByThemselves() throws IOException {
        Path csv = temp.resolve("t.csv");
        Files.writeString(
                csv,
                "time_ps,kind,stream,pasid,iova,length\n0,read,1,1,0x1000,64\n0,read,1,4097,0x1000,64\n"
                        + "0,read,1,,0x1000,64\n0,read,1,4095,0x1000,64\n0,read,1,1,0x1fff,1\n0,read,2,1,0x1000,4097\n");
        assertThat(run("trace", "stat", csv.toString())).isZero();

        assertThat(out.toString()).contains("streams       2: ").contains("6 pages of 4 KiB: 24,576 bytes");
    }

    @Test
    void shouldRefuseToReplayWhatIsNoFile() {
        assertThat(run("replay", "/dev/null")).isEqualTo(2);

        assertThat(err.toString())
                .isEqualTo("iommu-emu: /dev/null: is neither a folder nor a regular file; expected a capture folder or"
                        + " a DMA trace\n");
    }

    @Test
    void shouldSayWhatIsInATrace() {
        assertThat(run("trace", "stat", SAMPLE)).isZero();

        assertThat(out.toString().lines())
                .contains(
                        "from          pattern: hyper-tenant",
                        "from          seed: 1",
                        "records       20,020: read 6,667, write 13,333, map 16, unmap 4",
                        // 6,667 packets: 64 B each; 1,514 B each and 16 B for all but the last.
                        "bytes         426,688 read, 10,200,494 written, 0 atomic",
                        "streams       4: 0x1 (00:00.1) 5,001 accesses 4 pages, 0x2 (00:00.2) 5,001 accesses 4 pages,"
                                + " 0x3 (00:00.3) 5,000 accesses 4 pages, 0x4 (00:00.4) 4,998 accesses 4 pages",
                        "lengths       3: 64 B 6,667, 1,514 B 6,667, 16 B 6,666",
                        "time          411.159 us");
    }

    @Test
    void shouldReplayATraceWithAndWithoutTime() throws IOException {
        Path json = temp.resolve("r.json");
        assertThat(run("replay", SAMPLE, "--stages", "nested", "--json", json.toString()))
                .isZero();

        assertThat(out.toString()).endsWith("agreement     20000 of 20000 addresses agree\n");
        JsonNode plain = new ObjectMapper().readTree(json.toFile());
        assertThat(plain.at("/records/dma").asInt()).isEqualTo(20_000);
        assertThat(plain.at("/records/unmap").asInt()).isEqualTo(4);
        assertThat(plain.at("/commands/TLBI_NH_VA").asInt()).isEqualTo(4);
        assertThat(plain.has("timing")).isFalse();

        assertThat(run("replay", SAMPLE, "--preset", "hypersio", "--stages", "nested", "--json", json.toString()))
                .isZero();
        JsonNode timed = new ObjectMapper().readTree(json.toFile());
        assertThat(timed.at("/timing/transactions").asInt()).isEqualTo(20_000);
        assertThat(timed.at("/timing/configuration/machine.stages").asText()).isEqualTo("nested");
        // Ring, mailbox and two buffers of each tenant.
        assertThat(timed.at("/timing/misses").asInt()).isEqualTo(16);
    }

    @Test
    void shouldReplayOnWhatTheOptionsSay() throws IOException {
        Path json = temp.resolve("r.json");
        assertThat(run(
                        "replay",
                        SAMPLE,
                        "--iommu=vtd-scalable",
                        "--stages=nested",
                        "--unmap=lazy",
                        "--preset=hypersio",
                        "--json",
                        json.toString()))
                .isZero();

        // 20,000 accesses of 4 tenants, each of which unmaps one buffer after 1,500 packets: never touched again.
        assertThat(out.toString().lines())
                .contains(
                        "machine       vtd-scalable, stages nested, lazy unmapping",
                        "lazy          0 accesses got through by what had been unmapped; 0 of 16 maps at another address");
        JsonNode result = new ObjectMapper().readTree(json.toFile());
        assertThat(result.at("/machine/iommu").asText()).isEqualTo("vtd-scalable");
        assertThat(result.at("/machine/unmap").asText()).isEqualTo("lazy");
        assertThat(result.at("/staleAccesses").asInt(-1)).isZero();
        assertThat(result.at("/timing/configuration/machine.unmap").asText()).isEqualTo("lazy");
    }

    @Test
    void shouldSayHowPagesAppeared() {
        assertThat(run("replay", SAMPLE, "--mapping=first-touch", "--page=2m")).isZero();

        // Ring and mailbox in one page, and two buffers, of each tenant.
        assertThat(out.toString().lines())
                .contains(
                        "machine       smmuv3, stages 1, pages of 2 MiB by first-touch",
                        "first touch   12 pages of 2 MiB appeared; 16 maps and 4 unmaps of the trace passed over",
                        "agreement     none compared, as pages are not where the trace has them");
    }

    @Test
    void shouldHintAtMappingsWhereATraceHasNone() throws IOException {
        Path trace = temp.resolve("t.csv");
        Files.writeString(trace, "time_ps,kind,stream,iova\n1,read,7,0x1000\n");

        assertThat(run("replay", trace.toString())).isZero();

        assertThat(out.toString())
                .contains("hint          the trace maps nothing; with --mapping identity or first-touch pages appear");
    }

    @Test
    void shouldExitWithOneWhereAnAddressDisagrees() throws IOException {
        Path file = temp.resolve("t.csv");
        Files.writeString(
                file,
                "time_ps,kind,stream,iova,length,attributes,page_shift,address\n"
                        + "0,map,1,0x1000,4096,r,12,0x5000\n1,read,1,0x1000,64,,,0x6000\n");

        assertThat(run("replay", file.toString())).isEqualTo(1);
        assertThat(out.toString()).endsWith("agreement     0 of 1 addresses agree\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "trace|trace needs one of generate, import, convert, stat",
                "trace generate|Missing required option: '--output=FILE'",
                "trace generate --output OUT --pattern none|--pattern is 'none'; expected one of hyper-tenant,",
                "trace generate --output OUT --tenants 0|--tenants is 0; expected a number from 1 to 65535",
                "trace generate --output OUT --records -1|--records is -1; expected 0 or more",
                "replay samples/hyper-tenant-4.csv.zst --json OUT --report OUT|x: is given for --json and --report; expected",
                "replay samples/hyper-tenant-4.csv.zst --preset hypersio --json OUT --timeline OUT|--json and --timeline",
                "replay samples/hyper-tenant-4.csv.zst --preset hypersio --report OUT --hgrm OUT|--report and --hgrm",
                "validate V1 --json OUT --report OUT|x: is given for --json and --report; expected a file for each",
                "trace generate --output no/such/folder/x|expected a folder to write x into",
                "trace stat no/such/file|does not exist",
                "trace stat samples/smmuv3-linux-nvme|is a folder",
                "trace convert samples/smmuv3-linux-nvme/memory.json OUT|is no binary trace",
                "replay samples/smmuv3-linux-nvme/trace.csv.gz|:1: no column 'time_ps'",
                "replay samples/hyper-tenant-4.csv.zst --stages 3|--stages is '3'; expected one of 1, 2, nested",
                "replay samples/hyper-tenant-4.csv.zst --stages 3 --preset hypersio|--stages is '3'; expected one of 1, 2, nested",
                "replay samples/hyper-tenant-4.csv.zst --lint|--lint or --detect-stale with a DMA trace",
                "replay samples/smmuv3-linux-vfio --stages 2|--stages with a capture",
                "replay samples/smmuv3-linux-vfio --mapping identity|--mapping with a capture",
                "replay samples/hyper-tenant-4.csv.zst --page 8k|--page is '8k'; expected one of 4k, 16k, 64k, 2m, 1g",
                "replay samples/hyper-tenant-4.csv.zst --page 2m|machine.page is 2m and machine.mapping is trace; expected 4k",
                "replay samples/hyper-tenant-4.csv.zst --iommu vtd-legacy --stages 1|expected 2: legacy mode has no other",
            })
    void shouldRejectBadUsageInOneLine(String line, String message) throws IOException {
        assertThat(run(line.replace("OUT", file("x")).split(" "))).isEqualTo(2);

        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).startsWith("iommu-emu: ").contains(message);
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left).isEmpty();
        }
    }

    /** An older file stays where a new one cannot be written whole. */
    @Test
    void shouldWriteAFileWholeOrNotAtAll() throws IOException {
        generate("a.trace", "--records", "3");
        Path damaged = temp.resolve("a.trace");
        byte[] whole = Files.readAllBytes(damaged);
        Files.write(damaged, Arrays.copyOf(whole, whole.length - 1));
        Path old = temp.resolve("b.csv");
        Files.writeString(old, "old", StandardOpenOption.CREATE);

        assertThat(run("trace", "convert", damaged.toString(), old.toString())).isEqualTo(2);

        assertThat(err.toString()).contains("record 6 at byte 4296: the file ends here");
        assertThat(old).hasContent("old");
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left).hasSize(2);
        }
    }

    @Test
    void shouldConvertOnlyWhatIsAskedFor() throws IOException {
        Path all = temp.resolve("all.trace");
        try (TraceWriter to = TraceEncoding.BINARY.create(all, "")) {
            for (int i = 0; i < 10; i++) {
                to.write(new DmaRecord().set(i, TraceKind.READ_DMA, i % 3, 0x1000, 64));
            }
        }

        assertThat(run(
                        "trace",
                        "convert",
                        file("all.trace"),
                        file("part.csv"),
                        "--first",
                        "8",
                        "--streams",
                        "0x1,00:00.2"))
                .isZero();

        assertThat(temp.resolve("part.csv"))
                .content()
                .isEqualTo("time_ps,kind,stream,pasid,iova,length,attributes,page_shift,address,group\n"
                        + "1,read,0x1,,0x1000,64,,,,\n2,read,0x2,,0x1000,64,,,,\n4,read,0x1,,0x1000,64,,,,\n"
                        + "5,read,0x2,,0x1000,64,,,,\n7,read,0x1,,0x1000,64,,,,\n");
        assertThat(run("trace", "convert", file("all.trace"), file("no.csv"), "--first", "-1"))
                .isEqualTo(2);
        assertThat(err.toString()).isEqualTo("iommu-emu: --first is -1; expected 0 or more\n");
    }

    /** The addresses are the recording machine's own. */
    @ParameterizedTest
    @CsvSource({
        "smmuv3-ftrace-lazy, joined, 83417",
        "vtd-ftrace-strict, joined, 101918",
        "smmuv3-linux-lazy, capture, 138965",
        "smmuv3-16k-linux612-vfio, capture, 74",
        "smmuv3-s2-linux-vfio, capture, 124",
        "vtd-flts-linux612-vfio, capture, 143",
        "vtd-legacy-linux-nvme, capture, 76976",
    })
    void shouldReplayWhatItHasImportedToEveryRecordedAddress(String sample, String source, int addresses) {
        assertThat(run("trace", "import", "samples/" + sample, "--output", file("i.trace.zst")))
                .isZero();
        assertThat(out.toString()).startsWith("source        " + source + "\n");

        assertThat(run("replay", file("i.trace.zst"))).isZero();

        assertThat(out.toString()).contains("agreement     " + addresses + " of " + addresses + " addresses agree");
        assertThat(err.toString()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "--from ftrace, samples/nowhere, 'does not exist; expected a readable file'",
        "--from oral, samples/README.md, '--from is ''oral''; expected one of joined, capture, ftrace, qemu-log, hypersio'",
        "--from ftrace --stream x, samples/README.md, '--stream is ''x''; expected a number of at most 32 bits, decimal or 0x'",
        "--from joined, samples/smmuv3-linux-nvme, 'has no joined.csv; expected a folder with one'",
    })
    void shouldSayWhatCannotBeImported(String options, String input, String message) {
        String[] args = Stream.concat(
                        Stream.of("trace", "import", input, "--output", file("i.trace")), Stream.of(options.split(" ")))
                .toArray(String[]::new);

        assertThat(run(args)).isEqualTo(2);

        assertThat(err.toString()).contains(message).hasLineCount(1);
        assertThat(temp).isEmptyDirectory();
    }
}
