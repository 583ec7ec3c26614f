// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.iommuemu.device.WireWords;
import org.iommuemu.device.nvme.spec.CompletionEntry;
import org.iommuemu.device.nvme.spec.Opcode;
import org.iommuemu.device.nvme.spec.SubmissionEntry;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each bad command ends in, as NVM Express Base Specification 1.4, §4.6.1, has it; statuses are 0xTCC. */
class NvmeStatusTest {
    private static final long FREE = NvmeHost.FREE;
    private static final long READ_ONLY = 0xA000_0000L;

    private NvmeHost host;

    @BeforeEach
    void start() {
        host = new NvmeHost(
                        Platform.smmuv3(PlatformParameters.standard()),
                        NvmeParameters.standard(),
                        new Namespace(new SparseBlocks(512 * 4096), 9),
                        new Namespace(new SparseBlocks(4096 * 64), 12))
                .withAts();
        host.map(READ_ONLY, 0x3_0000_0000L, 0x10_0000, IommuDriver.READ);
        host.enable().createQueues(1, 64);
    }

    @AfterEach
    void stop() {
        host.close();
    }

    /** A command out of fields by their names. */
    private static long[] command(int opcode, Map<String, Long> fields) {
        long[] c = NvmeHost.command(opcode, 0x77, 1, FREE, 0);
        fields.forEach((name, value) -> {
            switch (name) {
                case "nsid" -> SubmissionEntry.NSID.set(c, value);
                case "prp1" -> SubmissionEntry.PRP1.set(c, value);
                case "prp2" -> SubmissionEntry.PRP2.set(c, value);
                case "fuse" -> SubmissionEntry.FUSE.set(c, value);
                case "psdt" -> SubmissionEntry.PSDT.set(c, value);
                case "dw10" -> SubmissionEntry.CDW10.set(c, value);
                case "dw11" -> SubmissionEntry.CDW11.set(c, value);
                case "dw12" -> SubmissionEntry.CDW12.set(c, value);
                default -> throw new IllegalArgumentException(name);
            }
        });
        return c;
    }

    private int run(int queue, int opcode, String fields) {
        Map<String, Long> values = new HashMap<>();
        for (String field : fields == null ? new String[0] : fields.split(" ")) {
            String[] parts = field.split("=");
            values.put(parts[0], Long.parseUnsignedLong(parts[1], 16));
        }
        return NvmeHost.status(host.run(queue, command(opcode, values)));
    }

    @ParameterizedTest(name = "{0}: opcode {1} {2}")
    @CsvSource({
        "good write, 01, dw12=0, 000",
        "good read, 02, dw12=7, 000",
        "flush of all, 00, nsid=ffffffff, 000",
        "flush of none, 00, nsid=3, 00b",
        "no such opcode, 7f, , 001",
        "vendor opcode, c0, , 001",
        "fused, 02, fuse=1, 002",
        "SGL, 02, psdt=1, 002",
        "namespace 0, 02, nsid=0, 00b",
        "namespace 3, 02, nsid=3, 00b",
        "all namespaces, 02, nsid=ffffffff, 00b",
        "last block, 02, dw10=fff, 000",
        "beyond the last, 02, dw10=1000, 080",
        "over the end, 02, dw10=fff dw12=1, 080",
        "LBA wraps, 02, dw10=ffffffff dw11=ffffffff dw12=1, 080",
        "zeroes over the end, 08, dw10=fff dw12=1, 080",
        "zeroes beyond MDTS, 08, dw12=fff, 000",
        "at MDTS and its list of zeroes, 01, dw12=3ff prp2=40200000, 004",
        "beyond MDTS, 02, dw12=400, 002",
        "PRP1 not of dwords, 02, prp1=40100002, 013",
        "PRP2 with offset, 02, dw12=f prp2=40101200, 013",
        "list not of qwords, 02, dw12=17 prp2=40101004, 013",
        "PRP1 in a hole, 02, prp1=90000000, 004",
        "write from a hole, 01, prp1=90000000, 004",
        "compare with a hole, 05, prp1=90000000, 004",
        "read to a read-only page, 02, prp1=a0000000, 004",
        "write from a read-only page, 01, prp1=a0000000, 000",
        "second page in a hole, 02, dw12=f prp2=90000000, 004",
        "list in a hole, 02, dw12=17 prp2=90000000, 004",
        "other namespace, 02, nsid=2 dw12=0, 000",
        "beyond the other, 02, nsid=2 dw10=40, 080",
    })
    void shouldEndIoCommands(String what, String opcode, String fields, String status) {
        int ended = run(1, Integer.parseInt(opcode, 16), fields);

        assertThat(Integer.toHexString(ended)).as(what).isEqualTo(Integer.toHexString(Integer.parseInt(status, 16)));
    }

    @ParameterizedTest(name = "{0}: opcode {1} {2}")
    @CsvSource({
        "no such opcode, 7f, , 001",
        "namespace, 06, dw10=0, 000",
        "namespace 3, 06, nsid=3, 00b",
        "active list, 06, dw10=2 nsid=0, 000",
        "active list above all, 06, dw10=2 nsid=fffffffe, 00b",
        "descriptors, 06, dw10=3, 000",
        "unknown CNS, 06, dw10=55, 002",
        "identify to a hole, 06, dw10=1 prp1=90000000, 004",
        "identify not of dwords, 06, dw10=1 prp1=40100001, 013",
        "CQ 0, 05, dw10=3f0000 dw11=1, 101",
        "CQ in use, 05, dw10=3f0001 dw11=1, 101",
        "CQ 17, 05, dw10=3f0011 dw11=1, 101",
        "CQ of 1, 05, dw10=2 dw11=1, 102",
        "CQ of 1025, 05, dw10=4000002 dw11=1, 102",
        "CQ not contiguous, 05, dw10=3f0002 dw11=0, 002",
        "CQ vector 17, 05, dw10=3f0002 dw11=110003, 108",
        "CQ with offset, 05, dw10=3f0002 dw11=1 prp1=40100800, 013",
        "SQ 0, 01, dw10=3f0000 dw11=10001, 101",
        "SQ in use, 01, dw10=3f0001 dw11=10001, 101",
        "SQ for CQ 0, 01, dw10=3f0002 dw11=1, 101",
        "SQ for CQ 17, 01, dw10=3f0002 dw11=110001, 101",
        "SQ for no CQ, 01, dw10=3f0002 dw11=20001, 100",
        "SQ of 1, 01, dw10=2 dw11=10001, 102",
        "SQ not contiguous, 01, dw10=3f0002 dw11=10000, 002",
        "delete SQ 0, 00, dw10=0, 101",
        "delete SQ 2, 00, dw10=2, 101",
        "delete SQ 1, 00, dw10=1, 000",
        "delete CQ 0, 04, dw10=0, 101",
        "delete CQ 2, 04, dw10=2, 101",
        "delete CQ in use, 04, dw10=1, 10c",
        "SMART, 02, dw10=7f0002 nsid=ffffffff, 000",
        "error log, 02, dw10=7f0001 nsid=0, 000",
        "firmware log, 02, dw10=7f0003 nsid=0, 000",
        "log of a namespace, 02, dw10=7f0002, 002",
        "unknown log, 02, dw10=7f0042 nsid=0, 109",
        "log beyond its end, 02, dw10=7f0002 dw12=204 nsid=0, 002",
        "log beyond MDTS, 02, dw10=ffff0002 dw11=ff nsid=0, 002",
        "unknown feature, 0a, dw10=33, 002",
        "saved value, 0a, dw10=207, 002",
        "number of queues, 0a, dw10=7, 000",
        "vector 99, 0a, dw10=9 dw11=63, 002",
        "set queues too late, 09, dw10=7 dw11=30003 nsid=0, 00c",
        "save, 09, dw10=80000001 nsid=0, 10d",
        "of a namespace, 09, dw10=1, 10f",
        "power state 3, 09, dw10=2 dw11=3 nsid=0, 002",
    })
    void shouldEndAdminCommands(String what, String opcode, String fields, String status) {
        int ended = run(0, Integer.parseInt(opcode, 16), fields);

        assertThat(Integer.toHexString(ended)).as(what).isEqualTo(Integer.toHexString(Integer.parseInt(status, 16)));
    }

    @Test
    void shouldRefuseListEntriesWithOffsets() {
        host.write(FREE + 0x8000, WireWords.bytes(FREE + 0x1000, FREE + 0x2008, FREE + 0x3000));

        int ended = NvmeHost.status(host.run(1, NvmeHost.blocks(Opcode.READ, 1, 0, 32, FREE, FREE + 0x8000)));

        assertThat(ended).isEqualTo(0x013);
    }

    @Test
    void shouldKeepAnErrorLog() {
        run(1, Opcode.READ, "dw10=1000");
        host.run(1, NvmeHost.command(0x7f, 0x55, 2, 0, 0));
        long[] log = NvmeHost.command(Opcode.GET_LOG_PAGE, 3, 0, FREE, 0);
        SubmissionEntry.LID.set(log, 1);
        SubmissionEntry.NUMDL.set(log, 31);

        int ended = NvmeHost.status(host.run(0, log));

        long[] newest = WireWords.words(host.read(FREE, 128), 0, 8);
        long[] before = WireWords.words(host.read(FREE, 128), 64, 8);
        assertThat(ended).isZero();
        assertThat(newest[0]).isEqualTo(before[0] + 1).isEqualTo(2);
        assertThat(newest[1]).isEqualTo(0xFFFF_0002_0055_0001L);
        assertThat(before[1]).isEqualTo(0xFFFF_0100_0077_0001L);
        assertThat(before[2]).isEqualTo(0x1000);
        assertThat(newest[3]).isEqualTo(2);
    }

    @Test
    void shouldRefuseASecondCommandOfTheSameIdentifier() {
        host.put(1, NvmeHost.blocks(Opcode.READ, 9, 0, 1, FREE, 0));
        host.put(1, NvmeHost.blocks(Opcode.READ, 9, 1, 1, FREE + 0x1000, 0));
        host.ring(1);

        long[] first = host.take(1);
        long[] second = host.take(1);

        assertThat(NvmeHost.status(first)).isEqualTo(0x003);
        assertThat(NvmeHost.status(second)).isZero();
        assertThat(CompletionEntry.CID.getInt(first)).isEqualTo(9);
    }
}
