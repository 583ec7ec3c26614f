// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.iommuemu.capture.CompressedFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code replay --driver}. */
class DriverReplayCliTest {
    private static final String SAMPLE = "samples/smmuv3-ftrace-strict";

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path temp;

    private int run(String... args) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    private Path altered(String from, String to) throws IOException {
        byte[] bytes;
        try (var in = CompressedFile.open(Path.of(SAMPLE, "joined.csv.zst"))) {
            bytes = in.readAllBytes();
        }
        String text = new String(bytes, StandardCharsets.UTF_8);
        assertThat(text).contains(from);
        return Files.writeString(temp.resolve("other-name.csv"), text.replace(from, to));
    }

    @Test
    void shouldPrintBothAgreements() {
        int status = run("replay", SAMPLE, "--driver");

        assertThat(status).isEqualTo(Main.DONE);
        assertThat(err.toString()).isEmpty();
        assertThat(out.toString())
                .contains("machine       SMMUv3, first stage; Linux 6.1; invalidation strict\n")
                .contains("unmaps        5582 of 5582 unmaps send exactly their recorded batch\n")
                .contains("commands      11313 of 11313 commands agree\n")
                .endsWith("agreement     77376 of 77376 addresses agree\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {SAMPLE, SAMPLE + "/joined.csv.zst"})
    void shouldSayThatCallsOfAKernelNeedADriver(String path) {
        int status = run("replay", path);

        assertThat(status).isEqualTo(Main.BAD_INPUT);
        assertThat(err.toString())
                .isEqualTo("iommu-emu: " + path + ": has the calls of a kernel; expected --driver with it\n");
    }

    @Test
    void shouldWriteTheSameFiguresAsJson() throws IOException {
        Path json = temp.resolve("figures.json");

        run("replay", SAMPLE + "/joined.csv.zst", "--driver", "--json", json.toString());

        JsonNode root = new ObjectMapper().readTree(Files.readString(json));
        assertThat(root.at("/agreement/addresses/agreed").asLong()).isEqualTo(77376);
        assertThat(root.at("/exactUnmaps").asLong()).isEqualTo(5582);
        assertThat(root.at("/rows/map").asLong()).isEqualTo(23209);
        assertThat(root.at("/streams/0x10").asInt()).isEqualTo(3);
    }

    /** A name of one's own, in a folder without anything else. */
    @Test
    void shouldReplayAFileThatIsAlone() throws IOException {
        Path file = altered("0xffffc000,4096,,,q103,f23", "0xffffc000,4096,,,q103,f23");

        run("replay", file.toString(), "--driver");

        assertThat(out.toString())
                .contains("unmaps        5582 of 5582 unmaps send exactly their recorded batch\n")
                .contains("no trace.csv beside the file")
                .endsWith("agreement     77376 of 77376 addresses agree\n");
    }

    @Test
    void shouldFindACommandThatIsAnotherOne() throws IOException {
        Path file = altered("0xffffc000,4096,,,q103,f23", "0xffffc000,8192,,,q103,f23");

        int status = run("replay", file.toString(), "--driver");

        assertThat(status).isEqualTo(Main.DISAGREED);
        assertThat(out.toString())
                .contains("5581 of 5582 unmaps send exactly their recorded batch")
                .contains("1 times TLBI_NH_VA with other operands")
                .contains("line 43: command 1 of a batch: expected TLBI_NH_VA domain 3 0xffffc000+0x2000,"
                        + " found TLBI_NH_VA domain 3 0xffffc000+0x1000");
    }

    @Test
    void shouldFindAnAddressThatIsAnotherOne() throws IOException {
        Path file = altered("0x8090040,RW,q102,", "0x8090048,RW,q102,");

        int status = run("replay", file.toString(), "--driver");

        assertThat(status).isEqualTo(Main.DISAGREED);
        assertThat(out.toString())
                .contains("line 40: stream 0x10 0xfffff040: pa 0x8090040, expected pa 0x8090048; recorded as ok")
                .endsWith("agreement     77375 of 77376 addresses agree\n");
    }

    /** The driver finds an SMMU without commands by range, and sends one for each page: what is recorded is not that. */
    @Test
    void shouldFindADriverThatSendsOtherBatches() throws IOException {
        Path file = altered("0xffffc000,4096,,,q103,f23", "0xffffc000,4096,,,q103,f23");
        String registers = Files.readString(Path.of(SAMPLE, "registers.json"));
        assertThat(registers).contains("0x00001404");
        Files.writeString(temp.resolve("registers.json"), registers.replace("0x00001404", "0x00001004"));

        int status = run("replay", file.toString(), "--driver");

        assertThat(status).isEqualTo(Main.DISAGREED);
        // Unmaps of one page.
        assertThat(out.toString())
                .contains("unmaps        3387 of 5582 unmaps send exactly their recorded batch")
                .contains("SYNC, sent TLBI_NH_VA")
                .endsWith("agreement     77376 of 77376 addresses agree\n");
    }

    @Test
    void shouldRefuseRegistersOfAnotherArchitecture() throws IOException {
        Path file = altered("0xffffc000,4096,,,q103,f23", "0xffffc000,4096,,,q103,f23");
        Files.copy(Path.of("samples/vtd-ftrace-strict/registers.json"), temp.resolve("registers.json"));

        int status = run("replay", file.toString(), "--driver");

        assertThat(status).isEqualTo(2);
        assertThat(err.toString())
                .contains("registers.json: is of a VT-d; expected registers of the IOMMU whose commands");
    }

    @Test
    void shouldSayWhereAFileIsWrong() throws IOException {
        Path file = altered("33,2069162,guest,map,", "33,2069162,guest,mop,");

        int status = run("replay", file.toString(), "--driver");

        assertThat(status).isEqualTo(2);
        assertThat(err.toString()).contains(file + ":34: kind is 'mop'; expected map, unmap, inv or dma");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void shouldRefuseWhatIsNotThere() {
        int status = run("replay", temp.resolve("nothing.csv.gz").toString(), "--driver");

        assertThat(status).isEqualTo(2);
        assertThat(err.toString()).contains("nothing.csv.gz: does not exist; expected a readable file");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--lint", "--detect-stale", "--stages=1", "--preset=hypersio", "--report=r.html"})
    void shouldRefuseOptionsThatAreOfOtherReplays(String option) {
        int status = run("replay", SAMPLE, "--driver", option);

        assertThat(status).isEqualTo(2);
        assertThat(err.toString()).contains("--driver with");
    }
}
