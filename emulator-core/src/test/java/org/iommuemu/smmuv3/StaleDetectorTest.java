// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.StaleCause;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.StaleEntry;
import org.iommuemu.iommu.StaleHit;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is stale, since when, and what invalidation is missing: IHI 0070 §4.3-4.4. */
class StaleDetectorTest {
    private static final int STREAM = 5;
    private static final long PAGE = 0x5000;
    /** Under another entry of the first table, so that no table on the way to the page is cached with it. */
    private static final long OTHER_PAGE = 0x80_0000_9000L;

    private static final long BLOCK = 0x20_0000;
    private static final long OLD = SmmuBench.DATA;
    private static final long NEW = SmmuBench.DATA + 0x100_0000;
    private static final long RW = TableBuilder.READ_WRITE;

    private static final long CFGI_STE = (long) STREAM << 32 | 0x3;
    private static final long CFGI_CD = (long) STREAM << 32 | 0x5;
    private static final long TLBI_NH_ASID = (long) STREAM << 48 | 0x11;
    private static final long TLBI_NH_VA = (long) STREAM << 48 | 0x12;

    private final SmmuBench b = SmmuBench.started(SmmuBench.withIdr0(0, 1 << 10));
    private final StaleDetector detector = b.smmu.detectStale();
    private final TestCd cd = b.stage1(STREAM).map(PAGE, OLD, RW).map(OTHER_PAGE, OLD + 0x1000, RW);
    private final TestCd replacement = b.stage1(6, STREAM).map(PAGE, NEW, RW).map(OTHER_PAGE, NEW + 0x1000, RW);

    @AfterEach
    void close() {
        b.close();
    }

    private void use(long address) {
        assertThat(b.read(STREAM, address).isOk()).isTrue();
    }

    private void replaceTables() {
        cd.ttb0(b.memory.readLong(replacement.address() + 8));
    }

    private void onlyHit(StaleCause cause, long commands, long dmas) {
        assertThat(detector.hits()).hasSize(1);
        hit(0, cause, commands, dmas);
    }

    private void hit(int index, StaleCause cause, long commands, long dmas) {
        StaleHit hit = detector.hits().get(index);
        assertThat(hit.address()).isEqualTo(PAGE);
        assertThat(hit.used()).isEqualTo(OLD);
        assertThat(hit.now()).isEqualTo(NEW);
        assertThat(hit.cause()).isEqualTo(cause);
        assertThat(hit.commands()).isEqualTo(commands);
        assertThat(hit.dmas()).isEqualTo(dmas);
    }

    @Test
    void shouldMissTheTlbiWhereTheTableBaseWasReplaced() {
        b.command(TLBI_NH_ASID, 0).sync();
        use(PAGE);
        replaceTables();
        b.command(CFGI_CD, 1).sync();
        use(PAGE);

        onlyHit(StaleCause.MISSING, 2, 0);
    }

    @Test
    void shouldMissTheTlbiWhereTheContextDescriptorWasReplaced() {
        b.command(TLBI_NH_ASID, 0).sync();
        use(PAGE);
        b.ste(STREAM).s1ContextPtr(replacement.address());
        b.command(CFGI_STE, 1).sync();
        use(PAGE);

        onlyHit(StaleCause.MISSING, 2, 0);
    }

    @Test
    void shouldMissTheTlbiWhereTheOldConfigurationWasUsedAfterIt() {
        use(PAGE);
        replaceTables();
        b.command(TLBI_NH_ASID, 0).sync();
        // The CD in the configuration cache still names the old tables.
        b.read(STREAM, PAGE);
        b.command(CFGI_CD, 1).sync();
        use(PAGE);

        assertThat(detector.hits()).hasSize(2);
        hit(0, StaleCause.CONFIGURATION_MISSING, 2, 0);
        hit(1, StaleCause.MISSING, 2, 0);
    }

    @Test
    void shouldMissTheTlbiWhereATranslationRequestUsedTheOldConfigurationAfterIt() {
        b.ste(STREAM).set(93, 92, 1);
        use(PAGE);
        replaceTables();
        b.command(TLBI_NH_ASID, 0).sync();
        TranslationCompletion completion = new TranslationCompletion();
        b.smmu.requestTranslation(
                new Transaction().set(STREAM, Transaction.NO_SUBSTREAM, PAGE, Access.READ), completion);
        assertThat(completion.address()).isEqualTo(OLD);
        b.command(CFGI_CD, 1).sync();
        use(PAGE);

        assertThat(detector.hits()).hasSize(2);
        hit(0, StaleCause.CONFIGURATION_MISSING, 2, 0);
        hit(1, StaleCause.MISSING, 2, 0);
    }

    @Test
    void shouldCountInvalidationsSinceTheNewConfigurationIsInUse() {
        use(PAGE);
        replaceTables();
        b.command(CFGI_CD, 1).sync();
        use(OTHER_PAGE);
        b.command(TLBI_NH_VA, OTHER_PAGE).sync();
        use(PAGE);

        onlyHit(StaleCause.OTHER_ADDRESS, 4, 1);
    }

    @Test
    void shouldFindNothingWhereTheConfigurationAndItsTranslationsAreInvalidated() {
        use(PAGE);
        replaceTables();
        b.command(CFGI_CD, 1).command(TLBI_NH_ASID, 0).sync();
        use(PAGE);

        assertThat(detector.hits()).isEmpty();
        assertThat(detector.staleAccesses()).isZero();
        assertThat(detector.transactions()).isEqualTo(2);
    }

    @Test
    void shouldNotTakeAStoreOfTheSameValueForAChange() {
        use(PAGE);
        cd.map(PAGE, NEW, RW);
        b.sync().sync().sync();
        cd.map(PAGE, NEW, RW);
        use(PAGE);

        onlyHit(StaleCause.MISSING, 3, 0);
    }

    @Test
    void shouldReportAPageOnceAndCountItsAccesses() {
        use(PAGE);
        cd.map(PAGE, NEW, RW);
        use(PAGE);
        use(PAGE + 0x10);

        onlyHit(StaleCause.MISSING, 0, 0);
        assertThat(detector.staleAccesses()).isEqualTo(2);
    }

    @Test
    void shouldCompareEntriesWithTheTablesInUseLast() {
        use(PAGE);
        replaceTables();
        b.command(CFGI_CD, 1).command(TLBI_NH_ASID, 0).sync();
        use(PAGE);
        assertThat(detector.staleEntries(b.memory)).isEmpty();

        cd.map(PAGE, OLD + 0x2000, RW);
        assertThat(detector.staleEntries(b.memory)).as("the old tables").isEmpty();

        replacement.map(PAGE, OLD, RW);
        assertThat(detector.staleEntries(b.memory))
                .containsExactly(new StaleEntry("VMID 0 ASID 5", STREAM, PAGE, 12, NEW));
    }

    @Test
    void shouldCompareEveryPageOfABlock() {
        cd.map(BLOCK, OLD, 1, RW);
        use(BLOCK + 0x1_2345);
        long table = b.allocator.allocate(0x1000, 0x1000);
        for (long i = 0; i < 512; i++) {
            b.memory.writeLong(table + i * 8, OLD + (i << 12) | RW | 3);
        }
        cd.descriptor(BLOCK, 1, table | 3);
        assertThat(detector.staleEntries(b.memory)).isEmpty();

        b.memory.writeLong(table + 511 * 8, 0);

        assertThat(detector.staleEntries(b.memory))
                .containsExactly(new StaleEntry("VMID 0 ASID 5", STREAM, BLOCK, 21, OLD));
    }

    @Test
    void shouldCompareGlobalEntriesToo() {
        long global = RW & ~(1L << 11);
        cd.map(PAGE, OLD, global);
        use(PAGE);
        assertThat(detector.staleEntries(b.memory)).isEmpty();

        cd.map(PAGE, NEW, global);

        assertThat(detector.staleEntries(b.memory))
                .extracting(StaleEntry::address, StaleEntry::output)
                .containsExactly(tuple(PAGE, OLD));
    }

    @Test
    void shouldCompareTheAttributesOfEntriesToo() {
        use(PAGE);

        cd.map(PAGE, OLD, RW ^ 1 << 2);

        assertThat(detector.staleEntries(b.memory))
                .containsExactly(new StaleEntry("VMID 0 ASID 5", STREAM, PAGE, 12, OLD));
    }

    @Test
    void shouldReportConfigurationOnceForEachStream() {
        use(PAGE);
        b.ste(STREAM).valid(0);
        use(PAGE);
        use(OTHER_PAGE);

        assertThat(detector.hits())
                .extracting(StaleHit::text)
                .containsExactly("stream 0x5 0x5000, configuration: used 0x" + Long.toHexString(OLD)
                        + ", tables say no access; 0 commands and 0 DMAs after the change;"
                        + " no invalidation of configuration since it was changed");
        assertThat(detector.staleAccesses()).isEqualTo(2);
    }

    @Test
    void shouldTellWhichConfigurationWasInvalidatedInstead() {
        use(PAGE);
        b.ste(STREAM).valid(0);
        b.command(6L << 32 | 3, 1).sync();
        use(PAGE);

        assertThat(detector.hits())
                .extracting(StaleHit::cause, StaleHit::detail)
                .containsExactly(tuple(StaleCause.CONFIGURATION_OTHER, "stream 0x6"));
    }

    @Test
    void shouldNotReportConfigurationThatLeadsToTheSame() {
        use(PAGE);
        b.ste(STREAM)
                .s1ContextPtr(b.stage1(7)
                        .ttb0(b.memory.readLong(cd.address() + 8))
                        .asid(STREAM)
                        .address());
        use(PAGE);

        assertThat(detector.hits()).isEmpty();
    }

    @Test
    void shouldCompareWhatTranslationRequestsAreTold() {
        b.ste(STREAM).set(93, 92, 1);
        TranslationCompletion completion = new TranslationCompletion();
        Transaction request = new Transaction().set(STREAM, Transaction.NO_SUBSTREAM, PAGE, Access.READ);
        b.smmu.requestTranslation(request, completion);
        cd.map(PAGE, NEW, RW);
        b.smmu.requestTranslation(request, completion);

        onlyHit(StaleCause.MISSING, 0, 0);
    }

    @Test
    void shouldCompareWhatAnOperationOfSoftwareIsTold() {
        try (SmmuBench a = SmmuBench.started(SmmuBench.withIdr0(0, 1 << 15))) {
            StaleDetector watching = a.smmu.detectStale();
            TestCd tables = a.stage1(STREAM).map(PAGE, OLD, RW);
            a.read(STREAM, PAGE);
            long table = a.allocator.allocate(0x1000, 0x1000);
            a.memory.writeLong(table + 5 * 8, NEW | RW | 3);
            tables.descriptor(PAGE, 1, table | 3);
            a.write64(0x108, STREAM);
            a.write64(0x110, PAGE | 1 << 10 | 1 << 8);
            a.write32(0x100, 1);

            assertThat(watching.hits())
                    .extracting(StaleHit::streamId, StaleHit::used, StaleHit::now)
                    .containsExactly(tuple(STREAM, OLD, NEW));
        }
    }
}
