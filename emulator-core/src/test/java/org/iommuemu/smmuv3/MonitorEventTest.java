// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the events of fact sheet 1.16 count of an SMMU's work; counter n counts event n. */
class MonitorEventTest {
    private static final long VA = 0x1000;
    private static final int STREAM = 5;
    private static final int OTHER = 6;

    private SmmuBench b = SmmuBench.started(SmmuFeatures.full());
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();

    @BeforeEach
    void map() {
        b.stage1(STREAM).map(VA, SmmuBench.DATA).map(2 * VA, SmmuBench.DATA);
        b.stage1(OTHER).map(VA, SmmuBench.DATA);
        count();
    }

    @AfterEach
    void close() {
        b.close();
    }

    private void restart(SmmuBench with) {
        b.close();
        b = with;
    }

    /** Every counter on, for every stream. */
    private void count() {
        for (int n = 0; n < 8; n++) {
            pmcg(0x400 + 4 * n, 4, n | 1 << 29);
            pmcg(0xA00 + 4 * n, 4, 0xFFFF_FFFFL);
        }
        pmcg(0xC00, 8, 0xFF);
        pmcg(0xE04, 4, 1);
    }

    private void pmcg(long offset, int size, long value) {
        b.smmu.counterGroup().writeRegister(offset, size, value);
    }

    /** All counters, from event 0 to event 7; starts from zero again. */
    private String counted() {
        StringBuilder s = new StringBuilder();
        for (int n = 0; n < 8; n++) {
            s.append(n == 0 ? "" : " ").append(b.smmu.counterGroup().readRegister(8L * n, 8));
            pmcg(8L * n, 8, 0);
        }
        return s.toString();
    }

    @Test
    void shouldCountAMissWithItsWalkAndStructures() {
        // Four levels; STE and CD.
        b.read(STREAM, VA);

        assertThat(counted()).isEqualTo("0 1 1 1 4 2 0 0");
    }

    @Test
    void shouldCountAHitAsATransactionAlone() {
        b.read(STREAM, VA);
        counted();
        b.read(STREAM, VA);

        assertThat(counted()).isEqualTo("0 1 0 0 0 0 0 0");
    }

    @Test
    void shouldCountTheWalkThatAWalkCacheShortens() {
        b.read(STREAM, VA);
        counted();
        b.read(STREAM, 2 * VA);

        assertThat(counted()).isEqualTo("0 1 1 0 1 0 0 0");
    }

    @Test
    void shouldCountTheFirstLevelOfATwoLevelStreamTable() {
        restart(new SmmuBench(SmmuFeatures.full(), CacheConfiguration.standard())
                .twoLevel(12, 6)
                .start());
        map();
        b.read(STREAM, VA);

        assertThat(counted()).isEqualTo("0 1 1 1 4 3 0 0");
    }

    @Test
    void shouldCountBothStagesWithoutCaches() {
        restart(new SmmuBench(SmmuFeatures.full(), CacheConfiguration.none()).start());
        map();
        TestStage2.identity(b, STREAM, 1);
        b.ste(STREAM).config(7);
        b.read(STREAM, VA);

        // Blocks of 1 GiB at level 1: one descriptor for each of 1 + 4 + 1 translations.
        assertThat(counted()).isEqualTo("0 1 1 1 10 2 0 0");
    }

    @Test
    void shouldCountTransactionsThatAreRefused() {
        b.read(STREAM, 3 * VA);

        assertThat(counted()).isEqualTo("0 1 1 1 4 2 0 0");
    }

    @Test
    void shouldCountTransactionsThatBypass() {
        b.write32(0x20, 0xC);
        b.read(STREAM, VA);

        assertThat(counted()).isEqualTo("0 1 0 0 0 0 0 0");
    }

    @Test
    void shouldCountTheMarksThatHardwareSets() {
        // A write of the leaf: HA, AF clear.
        TestCd cd = b.stage1(7).map(VA, SmmuBench.DATA).set(43, 43, 1);
        long leaf = cd.tables(VA).descriptorAddress(VA, 0);
        b.memory.writeLong(leaf, b.memory.readLong(leaf) & ~(1L << 10));
        b.read(7, VA);

        assertThat(counted()).isEqualTo("0 1 1 1 5 2 0 0");
    }

    @Test
    void shouldAttributeWorkToItsStream() {
        pmcg(0x404, 4, 1);
        pmcg(0xA04, 4, OTHER);
        pmcg(0x410, 4, 4);
        pmcg(0xA10, 4, STREAM);
        b.read(STREAM, VA);
        b.read(OTHER, VA);
        b.read(OTHER, VA);

        assertThat(counted()).isEqualTo("0 2 2 2 4 4 0 0");
    }

    @Test
    void shouldNotCountWhatHappenedBefore() {
        pmcg(0xE04, 4, 0);
        b.read(STREAM, VA);
        pmcg(0xE04, 4, 1);
        b.read(STREAM, VA);

        assertThat(counted()).isEqualTo("0 1 0 0 0 0 0 0");
    }

    @Test
    void shouldCountTranslationRequests() {
        b.ste(STREAM).set(93, 92, 1);
        b.smmu.requestTranslation(
                transaction.set(STREAM, Transaction.NO_SUBSTREAM, VA, Access.WRITE), new TranslationCompletion());

        assertThat(counted()).isEqualTo("0 1 1 1 4 2 1 0");
    }

    @Test
    void shouldCountTranslationRequestsThatAreRefused() {
        b.smmu.requestTranslation(
                transaction.set(STREAM, Transaction.NO_SUBSTREAM, VA, Access.WRITE), new TranslationCompletion());

        assertThat(counted()).isEqualTo("0 1 0 1 0 1 1 0");
    }

    @Test
    void shouldCountTransactionsWithTranslatedAddresses() {
        b.smmu.forwardTranslated(transaction.read(STREAM, SmmuBench.DATA), verdict);

        assertThat(counted()).isEqualTo("0 1 0 0 0 0 0 1");
    }

    @Test
    void shouldCountTheAccessesOfAddressTranslationOperations() {
        // Not as a transaction, nor as misses: the operation looks into no cache.
        assertThat(b.translateFor(STREAM, VA | 1 << 10 | 1 << 8) & 1).isZero();

        assertThat(counted()).isEqualTo("0 0 0 0 4 2 0 0");
    }

    @Test
    void shouldNotCountPageRequests() {
        b.smmu.requestPage(new PageRequest(STREAM, 1, VA, true, true, false, false, true, 3));

        assertThat(counted()).startsWith("0 0 0 0 0 ").endsWith(" 0 0");
    }

    @Test
    void shouldNotCountARetriedTransactionAgain() {
        b.smmu.connect(new Patient());
        TestCd cd = b.stage1(7).set(44, 44, 1);
        b.read(7, VA);
        assertThat(b.smmu.statistics().stalled()).isEqualTo(1);
        counted();
        cd.map(VA, SmmuBench.DATA);
        b.command(0x44 | 7L << 32 | 1 << 12, 0).sync();

        assertThat(b.smmu.statistics().stalled()).isZero();
        assertThat(counted()).isEqualTo("0 0 0 0 0 0 0 0");
    }

    @Test
    void shouldCountCyclesThatAreToldOf() {
        b.read(STREAM, VA);
        b.smmu.counterGroup().advance(77);

        assertThat(counted()).startsWith("77 1 ");
    }

    @Test
    void shouldInterruptOnTheTransactionThatOverflows() {
        pmcg(8, 8, -2);
        pmcg(0xC40, 8, 2);
        pmcg(0xE50, 4, 1);
        b.read(STREAM, VA);
        assertThat(b.pulses).doesNotContain("pmcg");
        b.read(STREAM, VA);

        assertThat(b.pulses).contains("pmcg");
    }

    @Test
    void shouldGiveTheSameVerdictsWhileCounting() {
        Verdict counting = b.read(STREAM, VA);
        assertThat(counting.isOk()).isTrue();
        assertThat(counting.address()).isEqualTo(SmmuBench.DATA);
    }

    /** Devices that can wait. */
    private static final class Patient implements DevicePort {
        @Override
        public Invalidation invalidate(AtcInvalidation request) {
            return Invalidation.ENDED;
        }

        @Override
        public void respond(PageResponse response) {}

        @Override
        public boolean canStall(int streamId) {
            return true;
        }

        @Override
        public void resumed(long ticket, Transaction transaction, Verdict verdict) {}
    }
}
