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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code trace stat} of a trace whose figures can be counted by hand, and the options of {@code trace generate}. */
class TraceStatCliTest {
    /** Lookups: A B A, A is unmapped, B, A again, C of 2 MiB twice by one access, and one that is refused. */
    private static final String TRACE = """
            time_ps,kind,stream,pasid,iova,length,attributes,page_shift,address,group
            0,map,1,,0x1000,8192,rw,12,0x50000,
            1000,read,1,,0x1000,64,,,,
            1000,write,1,,0x2000,128,,,,
            3000,read,1,,0x1040,64,,,,
            4000,unmap,1,,0x1000,4096,,12,,
            5000,atomic,1,,0x2010,8,,,,
            6000,map,1,,0x1000,4096,rw,12,0x50000,
            9000,read,1,,0x1000,64,,,,
            9000,map,2,3,0x200000,2097152,rw,21,0x400000,
            9000,read,2,3,0x200000,8192,,,,
            10000,read,2,3,0x1000,64,,,,
            """;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path temp;

    private Path trace;

    @BeforeEach
    void writeTrace() throws IOException {
        trace = temp.resolve("t.csv");
        Files.writeString(trace, TRACE);
    }

    private int run(String... args) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    @Test
    void shouldSayAllInText() {
        assertThat(run("trace", "stat", trace.toString())).isZero();

        assertThat(out.toString().lines())
                .contains(
                        "records       11: read 5, write 1, atomic 1, map 3, unmap 1",
                        "time          0.010 us",
                        "bytes         8,448 read, 128 written, 8 atomic",
                        "lengths       4: 64 B 4, 8 B 1, 128 B 1, 8,192 B 1",
                        "gaps          6: mean 1.500 ns, p50 1.000, p99 4.000, max 4.000",
                        "streams       2: 0x1 (00:00.1) 5 accesses 2 pages, 0x2 (00:00.2) 2 accesses 1 pages",
                        "footprint     2 pages of 4 KiB, 1 pages of 2 MiB: 2,105,344 bytes",
                        "mapped        3 pages of 4 KiB, 1 pages of 2 MiB, 300,000,000 maps/s; 2,105,344 bytes at once at most",
                        "unmapped      1 pages of 4 KiB, 100,000,000 unmaps/s",
                        "lifetimes     1: mean 4.000 ns, p50 4.000, p99 4.000, max 4.000",
                        "reuse         7 lookups, 3 of them first ones, 1 first ones after an invalidation; 1 refused");
    }

    /** Stack distances: A 2, B 2 as A's place is a hole, C 1. */
    @Test
    void shouldWriteTheMissesOfEveryLruCache() throws IOException {
        Path csv = temp.resolve("curve.csv");
        assertThat(run("trace", "stat", trace.toString(), "--curve", csv.toString()))
                .isZero();

        assertThat(csv)
                .content()
                .isEqualTo("entries,misses,miss_ratio\n0,7,1.0\n1,6," + 6.0 / 7 + "\n2,4," + 4.0 / 7 + "\n");
    }

    @Test
    void shouldWriteAllFiguresAsJson() throws IOException {
        Path json = temp.resolve("s.json");
        assertThat(run("trace", "stat", trace.toString(), "--json", json.toString()))
                .isZero();

        JsonNode root = new ObjectMapper().readTree(json.toFile());
        assertThat(root.at("/records/dma").asInt()).isEqualTo(7);
        assertThat(root.at("/records/unmap").asInt()).isEqualTo(1);
        assertThat(root.at("/bytes/read").asInt()).isEqualTo(8448);
        assertThat(root.at("/span").asLong()).isEqualTo(10_000);
        assertThat(root.at("/lengths/frequent/64").asInt()).isEqualTo(4);
        assertThat(root.at("/gaps/max").asLong()).isEqualTo(4000);
        assertThat(root.at("/streams/1/stream").asInt()).isEqualTo(2);
        assertThat(root.at("/streams/1/footprint").asLong()).isEqualTo(2 << 20);
        assertThat(root.at("/footprint/pages/12").asInt()).isEqualTo(2);
        assertThat(root.at("/mappings/bytesInTheEnd").asLong()).isEqualTo((2 << 20) + 8192);
        assertThat(root.at("/workingSet/overLookups/pages/0").asInt()).isEqualTo(3);
        assertThat(root.at("/reuse/cold").asInt()).isEqualTo(3);
        assertThat(root.at("/reuse/afterInvalidation").asInt()).isEqualTo(1);
        assertThat(root.at("/reuse/refused").asInt()).isEqualTo(1);
        assertThat(root.at("/reuse/longestDistance").asInt()).isEqualTo(2);
        assertThat(root.at("/reuse/distancePowers/2").asInt()).isEqualTo(2);
        assertThat(root.at("/reuse/lru/1/misses").asInt()).isEqualTo(4);
    }

    @Test
    void shouldWriteAPage() throws IOException {
        Path html = temp.resolve("s.html");
        assertThat(run("trace", "stat", trace.toString(), "--report", html.toString()))
                .isZero();

        assertThat(html)
                .content()
                .startsWith("<!DOCTYPE html>")
                .contains("misses of fully associative LRU caches", "stack distances", "pages in each")
                .doesNotContain("<script");
    }

    @Test
    void shouldSayThatThereIsNothing() throws IOException {
        Path empty = temp.resolve("empty.csv");
        Path html = temp.resolve("s.html");
        Files.writeString(empty, "time_ps,kind,stream,iova\n");
        assertThat(run("trace", "stat", empty.toString(), "--report", html.toString()))
                .isZero();

        assertThat(out.toString().lines())
                .contains("records       0: none", "footprint     no pages: 0 bytes")
                .contains(
                        "reuse         0 lookups, 0 of them first ones, 0 first ones after an invalidation; 0 refused");
        assertThat(html).isNotEmptyFile();
    }

    @Test
    void shouldMakeUpWhatOptionsSay() throws IOException {
        Path made = temp.resolve("m.csv");
        assertThat(run(
                        "trace",
                        "generate",
                        "--pattern",
                        "strided",
                        "--records",
                        "3",
                        "--stride",
                        "4096",
                        "--length",
                        "32",
                        "--interval",
                        "1.5",
                        "--page-shift",
                        "21",
                        "--window",
                        "2097152",
                        "--reads",
                        "0",
                        "--output",
                        made.toString()))
                .isZero();

        assertThat(Files.readAllLines(made).stream().filter(l -> l.contains(",write,")))
                .hasSize(3)
                .allMatch(l -> l.contains(",32,"));
        assertThat(Files.readAllLines(made))
                .contains("# stride: 4096")
                .anyMatch(l -> l.startsWith("0,map,0x1,,0x80000000,2097152,rw,21,"))
                .anyMatch(l -> l.startsWith("3000,write,0x1,,0x80002000,32,"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "trace generate --pattern ring --skew 1 --output OUT|--skew with --pattern ring; expected none",
                "trace generate --pattern zipf --window 1000 --output OUT|--window is 1000; expected a power of two",
                "trace generate --pattern zipf --skew x --output OUT|--skew",
                "trace stat TRACE --json no/such/folder/x|expected a folder to write x into",
                "trace stat TRACE --json OUT --curve OUT|is given for --json and --curve; expected",
            })
    void shouldRejectBadUsageInOneLine(String line) {
        Path result = temp.resolve("x");
        String[] parts = line.split("\\|", 2);
        String[] args = parts[0].replace("OUT", result.toString())
                .replace("TRACE", trace.toString())
                .split(" ");

        assertThat(run(args)).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).startsWith("iommu-emu: ").contains(parts[1]);
        assertThat(result).doesNotExist();
    }
}
