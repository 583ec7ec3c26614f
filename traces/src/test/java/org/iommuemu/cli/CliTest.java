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
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line as a user meets it: output, exit status, and one line for what is wrong. */
class CliTest {
    private static final String NVME = "samples/smmuv3-linux-nvme";
    private static final String VFIO = "samples/smmuv3-linux-vfio";

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path temp;

    private int run(String... args) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    private void assertOneLineAboutBadInput(int status, String... fragments) {
        assertThat(status).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).startsWith("iommu-emu: ");
        for (String fragment : fragments) {
            assertThat(err.toString()).contains(fragment);
        }
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void shouldPrintTheAgreementOfAReplayLast() {
        assertThat(run("replay", VFIO)).isZero();

        assertThat(out.toString()).endsWith("agreement     109 of 109 addresses agree\n");
        assertThat(out.toString()).contains("574 of 574 refused accesses agree");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void shouldWriteTheSameFiguresAsJson() throws IOException {
        Path json = temp.resolve("figures.json");

        assertThat(run("replay", VFIO, "--json", json.toString())).isZero();

        JsonNode root = new ObjectMapper().readTree(json.toFile());
        assertThat(root.at("/records/dma").asLong()).isEqualTo(109);
        assertThat(root.at("/agreement/addresses/agreed").asLong()).isEqualTo(109);
        assertThat(root.at("/agreement/refusals/agreed").asLong()).isEqualTo(574);
        assertThat(root.at("/events/F_TRANSLATION").asLong()).isEqualTo(558);
        assertThat(root.at("/caches/1/name").asText()).isEqualTo("iotlb");
        assertThat(root.at("/host/recordsPerSecond").asLong()).isPositive();
        try (Stream<Path> files = Files.list(temp)) {
            assertThat(files).containsExactly(json);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                NVME,
                VFIO,
                "samples/smmuv3-linux-mixed",
                "samples/smmuv3-linux-lazy",
                "samples/smmuv3-linux-fault",
                "samples/smmuv3-linux-passthrough",
                "samples/smmuv3-16k-linux612-vfio",
                "samples/smmuv3-s2-linux-vfio"
            })
    void shouldFindNothingWrongInARecordedDriver(String capture) {
        assertThat(run("replay", "--lint", capture)).isZero();

        assertThat(out.toString()).doesNotContain("lint  ").endsWith("addresses agree\n");
    }

    @Test
    void shouldPrintLintBeforeTheCountsAndLeaveTheStatus() throws IOException {
        Path file = temp.resolve("lint.jsonl");
        String step = "{\"op\":\"mmio_write\",\"offset\":\"%s\",\"size\":%d,\"value\":\"%s\"}";
        String steps = String.join(
                ",",
                String.format(step, "0x90", 8, "0x200808"),
                String.format(step, "0x20", 4, "0x8"),
                String.format(step, "0x90", 8, "0x300008"),
                String.format(step, "0x90", 8, "0x400008"));
        Files.writeString(
                file,
                "{\"name\":\"n\",\"iommu\":\"smmuv3\",\"features\":{\"idr0\":\"0x0908501a\",\"idr1\":\"0x06730510\","
                        + "\"idr3\":\"0x1604\",\"idr5\":\"0x75\",\"iidr\":\"0\",\"aidr\":\"2\"},\"steps\":["
                        + steps + "]}\n");

        assertThat(run("check", file.toString())).isZero();
        assertThat(out.toString()).isEqualTo("1 passed, 0 failed, 0 skipped\n");
        out.getBuffer().setLength(0);
        assertThat(run("check", "--lint", file.toString())).isZero();

        assertThat(out.toString().lines())
                .containsExactly(
                        "lint  queue-base-alignment  " + file + ":1: n: SMMU_CMDQ_BASE: the queue is not aligned to its"
                                + " size; low address bits are ignored (seen 0x200808, IHI 0070 §6.3.25) x1",
                        "lint  guarded-write  " + file + ":1: n: SMMU_CMDQ_BASE: a change that is ignored, as the"
                                + " register's enable is still set (seen 0x300008, IHI 0070 §6.3) x2",
                        "1 passed, 0 failed, 0 skipped");
    }

    @Test
    void shouldHaveLintInTheJsonOnlyWhenAsked() throws IOException {
        Path json = temp.resolve("figures.json");
        run("replay", VFIO, "--json", json.toString());
        assertThat(new ObjectMapper().readTree(json.toFile()).has("lint")).isFalse();

        run("replay", VFIO, "--lint", "--json", json.toString());

        assertThat(new ObjectMapper().readTree(json.toFile()).get("lint").isArray())
                .isTrue();
    }

    @Test
    void shouldGiveTheSameJsonTwiceButForTheHostsTime() throws IOException {
        Path first = temp.resolve("1.json");
        Path second = temp.resolve("2.json");
        run("replay", VFIO, "--policy", "random", "--iotlb", "8", "--json", first.toString());
        run("replay", VFIO, "--policy", "random", "--iotlb", "8", "--json", second.toString());

        assertThat(beforeHost(second)).isEqualTo(beforeHost(first));
    }

    private static String beforeHost(Path json) throws IOException {
        String text = Files.readString(json);
        return text.substring(0, text.indexOf("\"host\""));
    }

    @Test
    void shouldPrintBothSnapshotsAndTheirSum() {
        assertThat(run("verify", "--records", NVME)).isZero();

        assertThat(out.toString())
                .contains("  busy: 1289 of 1289 rows agree", "  idle: 439 of 439 rows agree", "evt-class")
                .endsWith("1728 of 1728 agree\n");
    }

    @Test
    void shouldExitWith1WhenARowDisagrees() throws IOException {
        copy(VFIO, temp);
        Path mappings = temp.resolve("mappings.csv");
        Files.writeString(
                mappings, Files.readString(mappings).replaceFirst(",0x[0-9a-f]+000,1,1,3", ",0x123000,1,1,3"));

        assertThat(run("verify", temp.toString())).isEqualTo(1);

        assertThat(out.toString())
                .contains("mappings.csv:2: stream 0x50 iova 0x1000: pa is 0x")
                .endsWith("4104 of 4105 agree\n");
    }

    @Test
    void shouldExplainAGoodAddressEntryByEntry() {
        assertThat(run("explain", NVME, "--stream", "0x10", "--iova", "0xffd8c123"))
                .isZero();

        assertThat(out.toString().lines().filter(l -> !l.startsWith(" ")))
                .containsExactly(
                        "L1STD at 0x48fdf000 = 0x000000006b260009  (IHI 0070 §5.1)",
                        "STE at 0x6b260400  (IHI 0070 §5.2)",
                        "CD at 0x48c70000  (IHI 0070 §5.4)",
                        "stage 1 level 0 table descriptor at 0x4278f000 = 0x0000000048c79003  (DDI 0487 §D8.3.1)",
                        "stage 1 level 1 table descriptor at 0x48c79018 = 0x0000000048c7b003  (DDI 0487 §D8.3.1)",
                        "stage 1 level 2 table descriptor at 0x48c7bff0 = 0x0000000048114003  (DDI 0487 §D8.3.1)",
                        "stage 1 level 3 page descriptor at 0x48114c60 = 0x0000000041e55fc7  (DDI 0487 §D8.3.2)",
                        "verdict: OK, address 0x41e55123, attributes 0xff, inner shareable");
    }

    @Test
    void shouldExplainStage2WithItsOwnFields() {
        assertThat(run("explain", "samples/smmuv3-s2-linux-vfio", "--stream", "0x50", "--iova", "0x400123"))
                .isZero();

        assertThat(out.toString())
                .containsPattern("stage 2 level 3 page descriptor .*\\(DDI 0487 §D8.3.2\\)")
                .containsPattern("S2AP +2 \\(write-only\\)\n")
                .contains("verdict: abort, F_PERMISSION\nbecause: descriptor.S2AP/XN: ");
    }

    @Test
    void shouldNameTheFieldAndTheRuleOfAFault() {
        assertThat(run("explain", NVME, "--stream", "00:02.0", "--iova", "0xffd8c123", "--write"))
                .isZero();

        assertThat(out.toString())
                .contains("verdict: abort, F_PERMISSION\n")
                .contains("because: descriptor.AP[2]: a write where AP[2] or APTable[1] allows none");
    }

    @Test
    void shouldExplainWhyAStreamIsNotInTheStreamTable() {
        assertThat(run("explain", NVME, "--stream", "0x9999", "--iova", "0x1000"))
                .isZero();

        assertThat(out.toString())
                .startsWith("L1STD at ")
                .endsWith("verdict: abort, C_BAD_STREAMID\n"
                        + "because: L1STD.Span: Span is 0 or more than 11: no level 2 array (IHI 0070 §5.1)\n"
                        + "streams with mappings in this capture: 0x10, 0x40, 0x100\n");
    }

    @Test
    void shouldExplainAnSteThatIsNotValid() throws IOException {
        // The STE of stream 0x10 is at 0x6b260400; its word 0 is made 0 in memory.bin.
        copy(NVME, temp);
        long[] addresses = pages(temp.resolve("memory.json"));
        byte[] memory = Files.readAllBytes(temp.resolve("memory.bin"));
        int page = Arrays.binarySearch(addresses, 0x6b260000L);
        Arrays.fill(memory, page * 4096 + 0x400, page * 4096 + 0x408, (byte) 0);
        Files.write(temp.resolve("memory.bin"), memory);

        assertThat(run("explain", temp.toString(), "--stream", "0x10", "--iova", "0x1000"))
                .isZero();

        assertThat(out.toString())
                .contains("STE at 0x6b260400", "verdict: abort, C_BAD_STE\nbecause: STE.V: ")
                .endsWith("streams with mappings in this capture: 0x10, 0x40, 0x100\n");
    }

    private static long[] pages(Path json) throws IOException {
        List<Long> addresses = new ArrayList<>();
        new ObjectMapper()
                .readTree(json.toFile())
                .get("addresses")
                .forEach(a -> addresses.add(Long.decode(a.asText())));
        return addresses.stream().mapToLong(Long::longValue).toArray();
    }

    @Test
    void shouldWriteJunitOfRunsWithAFailingAccessAndPassOverBadFiles() throws IOException {
        Path first = Files.writeString(
                temp.resolve("one.jsonl"),
                Files.readString(Path.of("scenarios/smmuv3-faults.jsonl"))
                                .lines()
                                .findFirst()
                                .orElseThrow() + "\n");
        Path bad = Files.writeString(temp.resolve("bad.jsonl"), "{\n");
        Path junit = temp.resolve("junit.xml");

        assertThat(run(
                        "check",
                        "--fail-nth",
                        "--keep-going",
                        "--junit",
                        junit.toString(),
                        bad.toString(),
                        first.toString()))
                .isEqualTo(2);

        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).contains("bad.jsonl:1: ");
        assertThat(out.toString()).contains(" runs with a failing access, 0 unspecified");
        assertThat(Files.readString(junit)).contains("tests=\"1\" failures=\"0\"", "<testcase classname=\"one.jsonl\"");
    }

    @Test
    void shouldStopAtABadFileOfRunsWithAFailingAccessUnlessToldOtherwise() throws IOException {
        Path bad = Files.writeString(temp.resolve("bad.jsonl"), "{\n");

        assertOneLineAboutBadInput(run("check", "--fail-nth", bad.toString()), "bad.jsonl:1: ");
    }

    @Test
    void shouldRefuseToCompareRunsWithAFailingAccess() {
        assertOneLineAboutBadInput(
                run("check", "--fail-nth", "--detect-stale", "scenarios/smmuv3-faults.jsonl"),
                "--fail-nth with --detect-stale");
    }

    @Test
    void shouldCarryOutAFaultPlan() throws IOException {
        Path plan = Files.writeString(
                temp.resolve("plan.yaml"),
                "seed: 1\nrules:\n  - {rule: lost, fault: drop, tlp: [read], nth: 1}\n"
                        + "  - {rule: gone, fault: flr, requester: 0x999, at: 0}\n");

        assertThat(run("check", "--inject", plan.toString(), "scenarios/smmuv3-ats.jsonl"))
                .isEqualTo(1);

        assertThat(out.toString())
                .contains("injected scenarios/smmuv3-ats.jsonl:2: f79 the next page is asked for as mapped")
                .contains(" ps: lost: dropped read 0x1 at 0x20000000\n")
                .doesNotContain("gone");
    }

    @Test
    void shouldRefuseAFaultPlanThatIsNone() throws IOException {
        Path plan = Files.writeString(temp.resolve("plan.yaml"), "rules: 5\n");

        assertOneLineAboutBadInput(
                run("check", "--inject", plan.toString(), "scenarios/smmuv3-ats.jsonl"),
                "plan.yaml:1: 'rules' is no list");
    }

    @Test
    void shouldRefuseAFaultPlanThatAMachineCannotFollow() throws IOException {
        Path plan = Files.writeString(
                temp.resolve("plan.yaml"),
                "rules: [{rule: full, fault: queue_full, queue: event, from: 0, until: 5}]\n");

        assertOneLineAboutBadInput(
                run("check", "--inject", plan.toString(), "scenarios/vtd-ats.jsonl"),
                "the plan does not go with scenarios/vtd-ats.jsonl:1 (rule full: queue is EVENT; expected page_request: "
                        + "VT-d has no event queue)");
    }

    @Test
    void shouldSayHowManyDmasEduDevicesCarriedOut() {
        assertThat(run("check", "--devices", "edu", "scenarios/smmuv3-faults.jsonl"))
                .isZero();

        assertThat(out.toString())
                .contains("138 DMAs by edu devices, 7 by an engine\n")
                .endsWith("  6: with a PASID, which edu devices have not\n126 passed, 0 failed, 0 skipped\n");
    }

    @Test
    void shouldRefuseFailingAccessesWithEduDevices() {
        assertOneLineAboutBadInput(
                run("check", "--fail-nth", "--devices", "edu", "scenarios/smmuv3-faults.jsonl"),
                "--fail-nth with --devices edu");
    }

    @Test
    void shouldDecodeFromTheSharedDeclarations() {
        // IHI 0070 §4.4: range invalidation of 8 pages.
        assertThat(run("decode", "command", "0x0009000500103012", "0x0000000123456701"))
                .isZero();

        assertThat(out.toString())
                .startsWith("CMD_TLBI_NH_VA")
                .containsPattern("NUM +3\n")
                .containsPattern("SCALE +1\n")
                .containsPattern("VMID +5\n")
                .containsPattern("ASID +9\n")
                .containsPattern("TG +1 \\(4K\\)\n")
                .containsPattern("Address +0x123456000\n");
    }

    @Test
    void shouldNameAMissingFolder() {
        assertOneLineAboutBadInput(run("replay", "no/such"), "no/such", "does not exist");
    }

    @Test
    void shouldNameATruncatedMemoryFile() throws IOException {
        copy(VFIO, temp);
        Path memory = temp.resolve("memory.bin");
        byte[] bytes = Files.readAllBytes(memory);
        Files.write(memory, Arrays.copyOf(bytes, bytes.length - 1));

        assertOneLineAboutBadInput(run("verify", temp.toString()), "memory.bin", "truncated", "expected 131072 bytes");
    }

    @Test
    void shouldNameFileAndLineOfAMalformedNumberAndWriteNoResult() throws IOException {
        copy(VFIO, temp);
        Path trace = temp.resolve("trace.csv");
        Files.delete(temp.resolve("trace.csv.gz"));
        Files.writeString(
                trace,
                "seq,timestamp_ns,kind,op,sid,asid,iova,len,perm,pa,tlb,level,pte_addr,pte,detail\n"
                        + "1,0,dma,translate,0x50,3,0x1000,,RW,0x10zz,miss,,,,\n",
                StandardOpenOption.CREATE);
        Path json = temp.resolve("out.json");

        assertOneLineAboutBadInput(
                run("replay", temp.toString(), "--json", json.toString()), "trace.csv:2: ", "pa is '0x10zz'");
        assertThat(json).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "replay " + NVME + " --iotlb 15",
                "replay " + NVME + " --iotlb -1",
                "replay " + NVME + " --iotlb many",
                "replay " + NVME + " --policy oldest",
                "replay " + NVME + " --json no/such/folder/x.json",
                "replay",
                "verify",
                "explain " + NVME + " --stream 0x10",
                "explain " + NVME + " --stream 0x100000000 --iova 0x1000",
                "explain " + NVME + " --stream 00:20.0 --iova 0x1000",
                "explain " + NVME + " --stream 0x10 --iova 0x1g",
                "explain " + NVME + " --stream 0x10 --iova 0x1000 --pasid 0x100000",
                "explain " + VFIO + " --stream 0x50 --iova 0x1000 --idle",
                "decode ste 1 2",
                "decode event ff 0 0 0",
                "decode command ff 0",
                "decode pte xyz",
                "decode pte ,",
                "decode event ,",
                "decode command ,",
                "replay " + NVME + " --walk-cache 16777216",
                "replay " + NVME + " --walk-cache 1048576",
                "verify " + NVME + " --iotlb 4194304 --ipa-cache 4",
                "decode pte 3 --level 4",
                "decode frob 1",
                "frob"
            })
    void shouldRejectBadUsageInOneLine(String line) {
        assertOneLineAboutBadInput(run(line.split(" ")));
    }

    private static void copy(String from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(Path.of(from))) {
            for (Path f : files.filter(Files::isRegularFile).toList()) {
                Files.copy(f, to.resolve(f.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }
}
