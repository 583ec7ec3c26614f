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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the command line says of VT-d captures. */
class VtdCliTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path temp;

    private int run(String... args) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    @Test
    void shouldSayThatNothingWasComparedWhereACaptureHasNoRows() {
        assertThat(run("verify", "samples/vtd-legacy-linux-passthrough")).isZero();

        assertThat(out.toString())
                .contains("  interrupts: 7929 of 7929 remapped messages agree\n")
                .contains("  busy: 7 of 7 decoded contexts agree\n")
                .contains("  busy: no rows, nothing compared\n")
                .contains("  idle: no rows, nothing compared\n");
    }

    @Test
    void shouldSayThatAReplayComparedNoAddressWhereThereWasNoDma() {
        assertThat(run("replay", "samples/vtd-legacy-linux-passthrough")).isZero();

        assertThat(out.toString()).endsWith("agreement     no DMA in the trace, no address compared\n");
    }

    @Test
    void shouldSayThatFeaturesAreReplacedAndWhatAgreesByRuleAlone() {
        assertThat(run("verify", "--records", "samples/vtd-flts-linux612-vfio")).isZero();

        assertThat(out.toString())
                .contains("  features.json: ECAP = 0xc80000f00f4e: ", "bit 46 (SSTS) is set here")
                .contains("  registers: 5 of 5 recorded reads agree\n    agree (rule) feature-replaced: 2, ")
                .contains("  busy: 16809 of 16809 rows agree\n    agree (rule) pasid-fields: 70, ");
    }

    @Test
    void shouldCountReasonsOfLegacyModeByRule() {
        assertThat(run("replay", "samples/vtd-scalable-linux-vfio")).isZero();

        assertThat(out.toString())
                .contains("refusals      590 of 590 refused accesses agree\n")
                .contains("590 by rule legacy-reason: ")
                .contains("fault-records 6 of 6 fault records agree\n")
                .contains("interrupts    4060 of 4060 interrupt messages agree\n")
                .endsWith("agreement     143 of 143 addresses agree\n");
    }

    @Test
    void shouldWriteTheSameFiguresAsJson() throws IOException {
        Path json = temp.resolve("figures.json");

        assertThat(run("replay", "samples/vtd-flts-linux612-vfio", "--json", json.toString()))
                .isZero();

        JsonNode root = new ObjectMapper().readTree(json.toFile());
        assertThat(root.at("/features").asText()).startsWith("ECAP = 0xc80000f00f4e: ");
        assertThat(root.at("/records/interrupt-message").asLong()).isEqualTo(3894);
        assertThat(root.at("/records/fault-record").asLong()).isEqualTo(6);
        assertThat(root.at("/agreement/interruptMessages/agreed").asLong()).isEqualTo(3894);
        assertThat(root.at("/agreement/faultRecords/byRule/pasid-fields").asLong())
                .isEqualTo(6);
        assertThat(root.at("/commands/PASID_IOTLB").asLong()).isEqualTo(5);
        assertThat(root.at("/events/SM_FIRST_STAGE_NOT_PRESENT").asLong()).isEqualTo(574);
        assertThat(root.at("/walker/accesses").has("level-4")).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    dma,translate,0x50,3,0x1000,,RW,0x7000,miss,,,0x7003,page_mask=0xffff | page_mask of 0xfff
                    dma,translate,0x50,3,0x1000,,RW,0x7000,miss,,,0x7003, | item page_mask=
                    inv,iotlb,,,,,,,,,,,hi=0x0 | item lo=
                    ir,remap_msi,,,0xfee00030,,,0xfee0100c,,,,,data=0x2;data_out=0x1;irte_index=65536;irte_lo=0x0;irte_hi=0x0 | irte_index of 16 bits
                    fault_record,,,,,,,,,,,,index_0_high_0x1 | item low=
                    """)
    void shouldReportABadTraceInOneLine(String record, String expected) throws IOException {
        try (Stream<Path> files = Files.list(Path.of("samples/vtd-legacy48-linux-vfio"))) {
            for (Path f : files.filter(Files::isRegularFile).toList()) {
                Files.copy(f, temp.resolve(f.getFileName()));
            }
        }
        Files.delete(temp.resolve("trace.csv.zst"));
        // RTADDR is that of the snapshot, so that source 0x50 has tables.
        String header = "seq,timestamp_ns,kind,op,sid,asid,iova,len,perm,pa,tlb,level,pte_addr,pte,detail\n";
        String rtaddr = Files.readString(temp.resolve("registers.json"))
                .replaceAll("(?s).*\"name\": \"RTADDR\".*?\"value\": \"(0x[0-9a-f]+)\".*", "$1");
        Files.writeString(
                temp.resolve("trace.csv"),
                header + "1,0,mmio_write,RTADDR,,,0x20,8,,,,,,,value=" + rtaddr + "\n2,0," + record + "\n");

        assertThat(run("replay", temp.toString())).isEqualTo(2);

        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).contains("trace.csv:3: ").contains(expected);
    }
}
