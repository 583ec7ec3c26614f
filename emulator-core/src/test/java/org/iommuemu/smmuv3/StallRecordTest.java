// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.memory.RangeState;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Which faults stall, and their records: fact sheet 3.5, 6.1, 6.2. The model takes the lowest unused STAG; the architecture would
 * let it take any.
 */
class StallRecordTest {
    private final SmmuBench b = SmmuBench.started(SmmuBench.withStalls(0, 4, 0));
    private final TestCd cd = b.stage1(0x42).set(44, 44, 1);

    StallRecordTest() {
        StallingPort.on(b);
    }

    @AfterEach
    void close() {
        b.close();
    }

    private void stalls(int substream, long address, int code, String record) {
        assertThat(b.access(0x42, substream, address, code).status()).isEqualTo(Status.STALLED);
        assertThat(b.events()).containsExactly(record);
    }

    // The record.

    @ParameterizedTest(name = "access {0}")
    @CsvSource({
        "0, 0000020880000000", // a read: RnW
        "1, 0000020080000000", // a write
        "2, 0000020c80000000", // an instruction fetch: InD
        "4, 0000020a80000000", // a privileged read: PnU
        "8, 0000020080000000", // an atomic counts as a write
    })
    void shouldRecordTheAccessWithStallAndStag(int code, String word1) {
        stalls(
                Transaction.NO_SUBSTREAM,
                0x5678,
                code,
                "0000004200000010 " + word1 + " 0000000000005678 0000000000000000");
    }

    @Test
    void shouldRecordTheSubstream() {
        b.substreams(0x42, 0, 4, 0);
        b.cd(0x42, 3, 9).set(44, 44, 1);
        stalls(3, 0x5000, Access.READ, "0000004200003810 0000020880000000 0000000000005000 0000000000000000");
    }

    @Test
    void shouldStallAtAddressSize() {
        cd.ips(0).map(0x5000, 1L << 32);
        stalls(-1, 0x5000, Access.READ, "0000004200000011 0000020880000000 0000000000005000 0000000000000000");
    }

    @Test
    void shouldStallAtAccessFlag() {
        cd.map(0x5000, SmmuBench.DATA, TableBuilder.READ_WRITE & ~(1L << 10));
        stalls(-1, 0x5000, Access.READ, "0000004200000012 0000020880000000 0000000000005000 0000000000000000");
    }

    @Test
    void shouldStallAtPermission() {
        cd.map(0x5000, SmmuBench.DATA, TableBuilder.READ_ONLY);
        stalls(-1, 0x5000, Access.WRITE, "0000004200000013 0000020080000000 0000000000005000 0000000000000000");
    }

    @Test
    void shouldStallAtPermissionOfACachedTranslation() {
        cd.map(0x5000, SmmuBench.DATA, TableBuilder.READ_ONLY);
        b.read(0x42, 0x5000);
        stalls(-1, 0x5000, Access.WRITE, "0000004200000013 0000020080000000 0000000000005000 0000000000000000");
    }

    @ParameterizedTest(name = "R {0}, A {1}")
    @CsvSource({"0, 0", "0, 1", "1, 0", "1, 1"})
    void shouldStallAndRecordWhateverRAndASay(int r, int a) {
        // 3.5: S=1 is a row of its own.
        cd.records(r).aborts(a);
        stalls(-1, 0x5000, Access.READ, "0000004200000010 0000020880000000 0000000000005000 0000000000000000");
    }

    @Test
    void shouldInterruptForTheRecord() {
        b.write32(0x50, 4);
        b.read(0x42, 0x5000);
        assertThat(b.pulses).containsExactly("eventq");
    }

    @Test
    void shouldSendTransactionsOfOneStreamPastAStalledOne() {
        cd.map(0x6000, SmmuBench.DATA);
        b.read(0x42, 0x5000);
        assertThat(b.read(0x42, 0x6000).isOk()).isTrue();
    }

    // What never stalls.

    @Test
    void shouldAbortAWalkWithoutAnswer() {
        // 3.5: only the four faults of translation can stall. The page is in the start table, at its first entry.
        long table = cd.get(115, 68) << 4;
        b.memory.mark(table, 8, RangeState.ABSENT);
        assertThat(b.read(0x42, 0x5000).status()).isEqualTo(Status.ABORT);
        assertThat(b.events())
                .containsExactly(String.format("000000420000000b 0000010800000000 %016x %016x", 0x5000, table));
    }

    @Test
    void shouldAbortAConfigurationError() {
        assertThat(b.readSubstream(0x42, 1, 0x5000).status()).isEqualTo(Status.ABORT);
        assertThat(b.smmu.statistics().stalled()).isZero();
    }

    @Test
    void shouldAbortAnAddressTooWideForABypassedStage1() {
        // 3.5: there is no CD that could say stall.
        b.substreams(0x42, 0, 4, 1);
        assertThat(b.read(0x42, 1L << 48).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).containsExactly("0000004200000011 0000020800000000 0001000000000000 0000000000000000");
    }
}
