// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.iommuemu.capture.Capture;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.smmuv3.SmmuRule;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A capture of which single values are changed. */
class CaptureMachineTest {
    private static final String HEADER =
            "seq,timestamp_ns,kind,op,sid,asid,iova,len,perm,pa,tlb,level,pte_addr,pte,detail\n";

    @TempDir
    private Path temp;

    @BeforeEach
    void copy() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("samples/smmuv3-linux-vfio"))) {
            for (Path f : files.filter(Files::isRegularFile).toList()) {
                Files.copy(f, temp.resolve(f.getFileName()));
            }
        }
    }

    private void change(String file, String from, String to) throws IOException {
        String text = Files.readString(temp.resolve(file));
        assertThat(text).contains(from);
        Files.writeString(temp.resolve(file), text.replace(from, to));
    }

    private static String register(String name, String value) {
        return "\"name\": \"" + name + "\",\n   \"size\": 4,\n   \"value\": \"" + value + "\"";
    }

    @Test
    void shouldBypassAsTheRecordedGbpaSays() throws IOException {
        // CR0.SMMUEN=0 and GBPA.ABORT.
        change("registers.json", register("CR0", "0x0000000d"), register("CR0", "0x0000000c"));
        change("registers.json", register("GBPA", "0x00000000"), register("GBPA", "0x00100000"));
        Capture capture = Capture.open(temp);

        try (CaptureMachine machine = CaptureMachine.atStop(capture, capture.busy(), CacheConfiguration.none())) {
            Verdict verdict = new Verdict();
            machine.iommu().translate(new Transaction().read(0x50, 0x1000), verdict);
            assertThat(verdict.rule()).isEqualTo(SmmuRule.GBPA_ABORT);
            assertThat(machine.iommu().readRegister(0x44, 4)).isEqualTo(0x10_0000);
        }
    }

    @ParameterizedTest(name = "{0} recorded, {1} read: agrees {2}")
    @CsvSource({
        // BTM (bit 5) is not modelled and reads as absent; ASID16 (bit 12) is modelled.
        "0x0d40103a, 0x0d40103a, true",
        "0x0d40103a, 0x0d40003a, false",
        "0x0d40103a, 0x0d40101a, true",
        "0x0d40101a, 0x0d40103a, false"
    })
    void shouldAgreeByRuleOnlyInFieldsThatAreNotModelled(String recorded, String read, boolean agrees)
            throws IOException {
        change("registers.json", register("IDR0", "0x0d40101a"), register("IDR0", recorded));
        change("probe-mmio.csv", "read,0x0,4,0xd40101a,IDR0", "read,0x0,4," + read + ",IDR0");
        Files.delete(temp.resolve("trace.csv.gz"));
        Files.writeString(temp.resolve("trace.csv"), HEADER + "1,0,mmio_read,IDR0,,,0x0,4,,,,,,,value=" + read + "\n");
        Capture capture = Capture.open(temp);

        Agreement probe = new ProbeReplay(capture).run();
        Agreement replay;
        try (CaptureReplay r = new CaptureReplay(capture, CacheConfiguration.standard())) {
            replay = r.run(n -> {}).registerReads();
        }

        assertThat(replay.isComplete()).isEqualTo(agrees);
        assertThat(probe.isComplete()).isEqualTo(agrees);
    }
}
