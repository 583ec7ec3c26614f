// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.RangeState;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several occurrences of an event in one record: fact sheet 6.3 (case 57). */
class EventMergingTest {
    private static final String FAULT = "0000004200000010 0000020800000000 0000000000005000 0000000000000000";
    private static final int ATS = 1 << 10;

    private final SmmuBench b = new SmmuBench(SmmuBench.withStalls(0, 4, ATS), CacheConfiguration.standard()).start();
    private final TestCd cd = b.stage1(0x42);
    private final TestSte ste = b.ste(0x42).set(83, 83, 1);

    EventMergingTest() {
        b.smmu.mergeEvents(true);
    }

    @AfterEach
    void close() {
        b.close();
    }

    // What is merged.

    @Test
    void shouldMergeEqualEvents() {
        for (int i = 0; i < 5; i++) {
            assertThat(b.read(0x42, 0x5000).status()).isEqualTo(Verdict.Status.ABORT);
        }
        assertThat(b.events()).containsExactly(FAULT);
        assertThat(b.smmu.statistics().eventsMerged()).isEqualTo(4);
    }

    @Test
    void shouldMergeEventsOfOnePage() {
        // InputAddr[11:0] does not count; the record keeps the first address.
        b.read(0x42, 0x5000);
        b.read(0x42, 0x5FFF);
        assertThat(b.events()).containsExactly(FAULT);
    }

    @Test
    void shouldMergePermissionFaults() {
        cd.map(0x5000, SmmuBench.DATA, TableBuilder.READ_ONLY);
        b.write(0x42, 0x5010);
        b.write(0x42, 0x5020);
        assertThat(b.events()).containsExactly("0000004200000013 0000020000000000 0000000000005010 0000000000000000");
    }

    @Test
    void shouldMergeWalksWithoutAnswer() {
        long table = cd.get(115, 68) << 4;
        b.memory.mark(table, 8, RangeState.ABSENT);
        b.read(0x42, 0x5010);
        b.read(0x42, 0x5020);
        assertThat(b.events())
                .containsExactly(String.format("000000420000000b 0000010800000000 0000000000005010 %016x", table));
    }

    @Test
    void shouldMergeIntoAFullQueueWithoutOverflow() {
        try (SmmuBench one = SmmuBench.reset().queues(8, 0).start()) {
            one.smmu.mergeEvents(true);
            one.stage1(0x42);
            one.ste(0x42).set(83, 83, 1);
            one.read(0x42, 0x5000);
            one.read(0x42, 0x5000);
            assertThat(one.read32(0x100A8)).isEqualTo(1);
            assertThat(one.events()).containsExactly(FAULT);
        }
    }

    // What is not.

    @Test
    void shouldNotMergeUnlessAskedTo() {
        b.smmu.mergeEvents(false);
        b.read(0x42, 0x5000);
        b.read(0x42, 0x5000);
        assertThat(b.events()).containsExactly(FAULT, FAULT);
        assertThat(b.smmu.statistics().eventsMerged()).isZero();
    }

    @Test
    void shouldNotMergeWhereMevIsClear() {
        ste.set(83, 83, 0);
        b.read(0x42, 0x5000);
        b.read(0x42, 0x5000);
        assertThat(b.events()).containsExactly(FAULT, FAULT);
    }

    @Test
    void shouldNotMergeWithARecordThatHasBeenRead() {
        b.read(0x42, 0x5000);
        assertThat(b.events()).containsExactly(FAULT);
        b.read(0x42, 0x5000);
        assertThat(b.events()).containsExactly(FAULT);
    }

    @Test
    void shouldNotMergeDifferentPages() {
        b.read(0x42, 0x5000);
        b.read(0x42, 0x6000);
        b.read(0x42, 0x5000);
        assertThat(b.events()).hasSize(3);
    }

    @Test
    void shouldNotMergeDifferentAccesses() {
        for (int code : new int[] {0, 1, 2, 4, 5, 6}) {
            b.access(0x42, Transaction.NO_SUBSTREAM, 0x5000, code);
        }
        assertThat(b.events()).hasSize(6);
    }

    @Test
    void shouldNotMergeDifferentStreams() {
        b.stage1(0x43);
        b.ste(0x43).set(83, 83, 1);
        b.read(0x42, 0x5000);
        b.read(0x43, 0x5000);
        assertThat(b.events()).hasSize(2);
    }

    @Test
    void shouldNotMergeDifferentSubstreams() {
        b.substreams(0x42, 0, 4, 0);
        b.cd(0x42, 1, 1);
        b.cd(0x42, 2, 1);
        b.readSubstream(0x42, 1, 0x5000);
        b.readSubstream(0x42, 2, 0x5000);
        assertThat(b.events()).hasSize(2);
    }

    @Test
    void shouldNotMergeDifferentTypes() {
        b.read(0x42, 0x5000);
        cd.map(0x5000, SmmuBench.DATA, TableBuilder.READ_WRITE & ~(1L << 10));
        b.read(0x42, 0x5000);
        assertThat(b.events()).hasSize(2);
    }

    @Test
    void shouldNotMergeIntoARecordThatCouldNotBeWritten() {
        b.write32(0x20, 0x9);
        b.read(0x42, 0x5000);
        b.write32(0x20, 0xD);
        b.read(0x42, 0x5000);
        assertThat(b.events()).containsExactly(FAULT);
        assertThat(b.smmu.statistics().eventsMerged()).isZero();
    }

    @Test
    void shouldNeverMergeStalls() {
        StallingPort.on(b);
        cd.set(44, 44, 1);
        b.read(0x42, 0x5000);
        b.read(0x42, 0x5000);
        assertThat(b.events())
                .containsExactly(
                        "0000004200000010 0000020880000000 0000000000005000 0000000000000000",
                        "0000004200000010 0000020880000001 0000000000005000 0000000000000000");
    }

    @Test
    void shouldNotMergeATerminatedTransactionIntoAStall() {
        StallingPort port = StallingPort.on(b);
        cd.set(44, 44, 1);
        b.read(0x42, 0x5000);
        port.impatient = 0x42;
        b.read(0x42, 0x5000);
        assertThat(b.events())
                .containsExactly("0000004200000010 0000020880000000 0000000000005000 0000000000000000", FAULT);
    }

    // Events without a valid STE, which no MEV can forbid, and those after it.

    @Test
    void shouldMergeBadSteWithoutMev() {
        b.read(0x50, 0x5000);
        b.read(0x50, 0x9000);
        assertThat(b.events()).containsExactly("0000005000000004 0000000000000000 0000000000000000 0000000000000000");
    }

    @Test
    void shouldMergeBadStreamIdWithoutMev() {
        b.read(0x5000, 0x5000);
        b.read(0x5000, 0x9000);
        assertThat(b.events()).containsExactly("0000500000000002 0000000000000000 0000000000000000 0000000000000000");
    }

    @Test
    void shouldMergeSteFetchWithoutMev() {
        long at = b.ste(0x50).address();
        b.memory.mark(at, 64, RangeState.ABSENT);
        b.read(0x50, 0x5000);
        b.read(0x50, 0x5000);
        assertThat(b.events())
                .containsExactly(String.format("0000005000000003 0000000000000000 0000000000000000 %016x", at));
    }

    @ParameterizedTest(name = "MEV {0}")
    @ValueSource(ints = {0, 1})
    void shouldMergeBadCdByMev(int mev) {
        ste.set(83, 83, mev);
        cd.set(31, 31, 0);
        b.read(0x42, 0x5000);
        b.read(0x42, 0x5000);
        assertThat(b.events()).hasSize(2 - mev);
    }

    @ParameterizedTest(name = "MEV {0}")
    @ValueSource(ints = {0, 1})
    void shouldMergeBadSubstreamByMev(int mev) {
        ste.set(83, 83, mev);
        b.readSubstream(0x42, 1, 0x5000);
        b.readSubstream(0x42, 1, 0x5000);
        assertThat(b.events()).hasSize(2 - mev);
    }

    @ParameterizedTest(name = "MEV {0}")
    @ValueSource(ints = {0, 1})
    void shouldMergeForbiddenTranslatedTransactionsByMev(int mev) {
        ste.set(83, 83, mev);
        b.write32(0x20, 0x1D);
        b.smmu.forwardTranslated(new Transaction().read(0x42, 0x5010), new Verdict());
        b.smmu.forwardTranslated(new Transaction().read(0x42, 0x5020), new Verdict());
        assertThat(b.events()).hasSize(2 - mev);
    }

    @ParameterizedTest(name = "MEV {0}")
    @ValueSource(ints = {0, 1})
    void shouldMergeRefusedTranslationRequestsByMev(int mev) {
        ste.set(83, 83, mev);
        TranslationCompletion completion = new TranslationCompletion();
        b.smmu.requestTranslation(new Transaction().read(0x42, 0x5000), completion);
        b.smmu.requestTranslation(new Transaction().read(0x42, 0x5000), completion);
        assertThat(b.events()).hasSize(2 - mev);
    }

    @Test
    void shouldNotMergeWhatIsRefusedWhileTranslationIsOff() {
        // No STE has allowed it, and only F_UUT, C_BAD_STREAMID, F_STE_FETCH and C_BAD_STE can do without.
        b.write32(0x20, 0xC);
        for (int i = 0; i < 2; i++) {
            b.smmu.forwardTranslated(new Transaction().read(0x42, 0x5000), new Verdict());
        }
        for (int i = 0; i < 2; i++) {
            b.smmu.requestTranslation(new Transaction().read(0x42, 0x5000), new TranslationCompletion());
        }
        assertThat(b.events()).hasSize(4);
    }
}
