// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.CompressedFile;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.vtd.FaultReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Captures of VT-d of which single values are changed. */
class VtdCaptureTest {
    private static final String HEADER =
            "seq,timestamp_ns,kind,op,sid,asid,iova,len,perm,pa,tlb,level,pte_addr,pte,detail\n";

    /** The queue at 0x1202000 with 256-bit descriptors, the interrupt table at 0x1300000, both enabled. */
    private static final List<String> BRING_UP = List.of(
            "mmio_write,IQT,,,0x88,4,,,,,,,value=0x0",
            "mmio_write,IQA,,,0x90,8,,,,,,,value=0x1202801",
            "mmio_write,IRTA,,,0xb8,8,,,,,,,value=0x130000f",
            "mmio_write,GCMD,,,0x18,4,,,,,,,value=0x4000000",
            "mmio_write,GCMD,,,0x18,4,,,,,,,value=0x5000000",
            "mmio_write,GCMD,,,0x18,4,,,,,,,value=0x6000000");

    private static final String INVALIDATE_ALL = "inv,iotlb,,,,,,,,,,,hi=0x0;lo=0xd2;iotlb_global";

    @TempDir
    private Path temp;

    private Capture copy(String sample) throws IOException {
        try (Stream<Path> files = Files.list(Path.of("samples", sample))) {
            for (Path f : files.filter(Files::isRegularFile).toList()) {
                Files.copy(f, temp.resolve(f.getFileName()));
            }
        }
        return Capture.open(temp);
    }

    private ReplaySummary replay(String... records) throws IOException {
        StringBuilder trace = new StringBuilder(HEADER);
        int seq = 0;
        for (String record :
                Stream.concat(BRING_UP.stream(), Stream.of(records)).toList()) {
            trace.append(++seq).append(",0,").append(record).append('\n');
        }
        Files.deleteIfExists(temp.resolve("trace.csv.zst"));
        Files.writeString(temp.resolve("trace.csv"), trace);
        return replayOf(CacheConfiguration.standard());
    }

    private ReplaySummary replayOf(CacheConfiguration caches) {
        try (CaptureReplay replay = new CaptureReplay(Capture.open(temp), caches)) {
            return replay.run(ProgressListener.NONE);
        }
    }

    /** AW of a first-stage PASID entry is reserved where there is no second stage (fact sheet 5, VT-d 9.6). */
    @Test
    void shouldRefuseFirstStageEntriesWithAnAddressWidthOnceSstsIsNotSetForThem() throws IOException {
        Capture capture = copy("vtd-flts-linux612-vfio");
        assertThat(ruleOf(capture)).isNull();

        Files.delete(temp.resolve("features.json"));

        assertThat(ruleOf(Capture.open(temp))).isEqualTo(FaultReason.SM_PASID_RESERVED);
        assertThat(FaultReason.SM_PASID_RESERVED.code()).isEqualTo(0x5A);
    }

    private static Object ruleOf(Capture capture) {
        try (CaptureMachine machine = CaptureMachine.atStop(capture, capture.busy(), CacheConfiguration.none())) {
            Verdict verdict = new Verdict();
            machine.iommu()
                    .translate(
                            new Transaction()
                                    .read(0x50, capture.busy().mappings().get(0).iova()),
                            verdict);
            return verdict.rule();
        }
    }

    @Test
    void shouldAgreeByRuleInRegistersThatTheFeaturesReplace() throws IOException {
        Agreement probe = new ProbeReplay(copy("vtd-flts-linux612-vfio")).run();

        assertThat(probe.byRule()).containsOnlyKeys(AgreementRule.FEATURE_REPLACED);
        assertThat(probe.byRule().get(AgreementRule.FEATURE_REPLACED)).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"0xfee0100c, 0x4030, true", "0xfee0200c, 0x4030, false", "0xfee0100c, 0x4031, false"})
    void shouldCompareAddressAndDataOfRemappedInterrupts(String address, String data, boolean agrees)
            throws IOException {
        copy("vtd-flts-linux612-vfio");

        ReplaySummary s = replay("ir,remap_msi,,,0xfee00030,,," + address + ",,,,,data=0x2;data_out=" + data
                + ";irte_index=1;irte_lo=0x4ff00;irte_hi=0x1000030000d");

        assertThat(s.interruptMessages().compared()).isEqualTo(1);
        assertThat(s.interruptMessages().isComplete()).isEqualTo(agrees);
        assertThat(s.agrees()).isEqualTo(agrees);
    }

    @Test
    void shouldNoticeAnInterruptThatIsBlocked() throws IOException {
        copy("vtd-flts-linux612-vfio");

        // The entry is not present.
        ReplaySummary s = replay("ir,remap_msi,,,0xfee00030,,,0xfee0100c,,,,,data=0x2;data_out=0x4030;"
                + "irte_index=1;irte_lo=0x4ff00;irte_hi=0x1000030000c");

        assertThat(s.interruptMessages().isComplete()).isFalse();
    }

    @Test
    void shouldConsumeDescriptorsOnceTheDriverHasHandedThemOver() throws IOException {
        copy("vtd-flts-linux612-vfio");

        ReplaySummary two = replay("mmio_write,IQT,,,0x88,4,,,,,,,value=0x40", INVALIDATE_ALL, INVALIDATE_ALL);
        ReplaySummary three =
                replay("mmio_write,IQT,,,0x88,4,,,,,,,value=0x40", INVALIDATE_ALL, INVALIDATE_ALL, INVALIDATE_ALL);

        assertThat(two.commandSlots().isComplete()).isTrue();
        assertThat(two.commands()).containsEntry("IOTLB", 2L);
        assertThat(three.commandSlots().agreed()).isEqualTo(2);
        assertThat(three.commandSlots().compared()).isEqualTo(3);
    }

    @Test
    void shouldNoticeDescriptorsThatTheTraceLacks() throws IOException {
        copy("vtd-flts-linux612-vfio");

        ReplaySummary s = replay(
                "mmio_write,IQT,,,0x88,4,,,,,,,value=0x40",
                INVALIDATE_ALL,
                "mmio_write,IQT,,,0x88,4,,,,,,,value=0x60",
                INVALIDATE_ALL);

        assertThat(s.commandSlots().agreed()).isEqualTo(1);
        assertThat(s.commandSlots().differences()).hasSize(1).first().asString().contains("the unit is at slot 1");
    }

    @Test
    void shouldAddPasidCacheInvalidationsBeforeAWaitInScalableMode() throws IOException {
        copy("vtd-flts-linux612-vfio");
        String wait = "inv,wait,,,,,,,,,,,hi=0x1052c34;lo=0x200000025;wait_sw";
        String root = "mmio_write,RTADDR,,,0x20,8,,,,,,,value=0x1a94400";
        String latch = "mmio_write,GCMD,,,0x18,4,,,,,,,value=0x46000000";

        ReplaySummary scalable = replay(root, latch, "mmio_write,IQT,,,0x88,4,,,,,,,value=0x60", INVALIDATE_ALL, wait);
        ReplaySummary legacy = replay(
                "mmio_write,IQT,,,0x88,4,,,,,,,value=0x60",
                INVALIDATE_ALL,
                wait,
                "mmio_write,IQT,,,0x88,4,,,,,,,value=0x80",
                INVALIDATE_ALL);

        assertThat(scalable.commandSlots().agreed()).isEqualTo(2);
        assertThat(scalable.commandSlots().byRule()).containsOnlyKeys(AgreementRule.UNRECORDED_COMMAND);
        assertThat(scalable.commands()).containsEntry("PASID_CACHE", 1L).containsEntry("WAIT", 1L);
        assertThat(legacy.commandSlots().isComplete()).isFalse();
    }

    /** What a replay shows depends on the driver's invalidations: without them the IOTLB answers with what was unmapped. */
    @Test
    void shouldGoWrongWithoutTheInvalidationsOfTheTrace() throws IOException {
        copy("vtd-legacy-linux-nvme");
        List<String> kept;
        try (BufferedReader trace = new BufferedReader(
                new InputStreamReader(CompressedFile.open(temp.resolve("trace.csv.zst")), StandardCharsets.UTF_8))) {
            kept = trace.lines().filter(line -> !line.contains(",inv,iotlb,")).toList();
        }
        Files.delete(temp.resolve("trace.csv.zst"));
        Files.write(temp.resolve("trace.csv"), kept);

        ReplaySummary none = replayOf(CacheConfiguration.none());
        ReplaySummary standard = replayOf(CacheConfiguration.standard());

        assertThat(none.addresses().agreed()).isEqualTo(76_976);
        assertThat(standard.addresses().compared()).isEqualTo(76_976);
        assertThat(standard.addresses().agreed()).isLessThan(40_000);
        assertThat(standard.commandSlots().isComplete()).isFalse();
    }

    @Test
    void shouldNoticeADescriptorThatTheUnitRefuses() throws IOException {
        copy("vtd-flts-linux612-vfio");

        // Bit 15 of word 0 is reserved.
        ReplaySummary s =
                replay("mmio_write,IQT,,,0x88,4,,,,,,,value=0x20", "inv,iotlb,,,,,,,,,,,hi=0x0;lo=0x80d2;iotlb_global");

        assertThat(s.commandSlots().isComplete()).isFalse();
    }

    @Test
    void shouldNoticeContextsThatDifferFromTheRecorders() throws IOException {
        copy("vtd-legacy48-linux-vfio");
        Path tables = temp.resolve("tables.json");
        Files.writeString(tables, Files.readString(tables).replace("\"domain\": 3", "\"domain\": 5"));
        Capture capture = Capture.open(temp);

        Agreement contexts = new ContextVerifier(capture, capture.busy()).run();

        assertThat(contexts.compared()).isEqualTo(5);
        assertThat(contexts.differences()).hasSize(1).first().asString().contains("source 0x50");
    }

    @Test
    void shouldNoticeAFaultRecordThatDiffersInMoreThanPasidFields() throws IOException {
        copy("vtd-flts-linux612-vfio");
        String enable = "mmio_write,GCMD,,,0x18,4,,,,,,,value=0x86000000";
        String root = "mmio_write,RTADDR,,,0x20,8,,,,,,,value=0x1a94400";
        String latch = "mmio_write,GCMD,,,0x18,4,,,,,,,value=0x46000000";
        String fault = "fault,reason_0x71,0x50,,0x7000,,R,,,,,,";

        ReplaySummary same = replay(
                root, latch, enable, fault, "fault_record,,,,,,,,,,,,index_0_high_0x4000007180000050_low_0x7000");
        ReplaySummary otherPage = replay(
                root, latch, enable, fault, "fault_record,,,,,,,,,,,,index_0_high_0x4000007180000050_low_0x8000");

        assertThat(same.refusals().agreed()).isEqualTo(1);
        assertThat(same.faultRecords().byRule()).containsOnlyKeys(AgreementRule.PASID_FIELDS);
        assertThat(same.agrees()).isTrue();
        assertThat(otherPage.faultRecords().isComplete()).isFalse();
    }
}
