// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.vtd.lint.VtdLint;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the lint finds in entries and in how they are changed, rule by rule (VT-d architecture 6.1-6.5, chapter 9). */
class EntryLintTest {
    private static final int SOURCE = 5;
    private static final int DOMAIN = 3;
    private static final long PAGE = 0x5000;
    private static final long CONTEXT_DEVICE = 1 | 3 << 4 | (long) SOURCE << 32;
    private static final long IOTLB_DOMAIN = 2 | 2 << 4 | DOMAIN << 16;
    private static final long PASID_CACHE = 7 | 1 << 4 | DOMAIN << 16;
    private static final long PASID_IOTLB = 6 | 2 << 4 | DOMAIN << 16;
    private static final long SNOOPED = 1 << 23;

    private LintedUnit u = LintedUnit.started(0);
    private VtdBench b = u.b;

    @AfterEach
    void close() {
        b.close();
    }

    private void use(LintedUnit other) {
        b.close();
        u = other;
        b = u.b;
    }

    private long otherTables() {
        long tables = b.page();
        b.map(tables, PAGE, VtdBench.DATA + 0x1000, 3);
        return tables;
    }

    private long contextInUse() {
        b.map(b.second(SOURCE, DOMAIN), PAGE, VtdBench.DATA, 3);
        b.read(SOURCE, PAGE);
        return b.legacyContext(SOURCE);
    }

    private String context(String rule) {
        return rule + " source 0x5 context entry at 0x" + Long.toHexString(b.legacyContext(SOURCE));
    }

    private long pasidInUse() {
        use(LintedUnit.started(1));
        long tables = b.first(SOURCE, 0, DOMAIN);
        b.memory.writeLong(b.pasid(SOURCE, 0) + 8, DOMAIN | SNOOPED);
        b.map(tables, PAGE, VtdBench.DATA, 0x67);
        b.read(SOURCE, PAGE);
        return b.pasid(SOURCE, 0);
    }

    private String pasid(String rule) {
        return rule + " source 0x5 PASID table entry at 0x" + Long.toHexString(b.pasid(SOURCE, 0));
    }

    @Test
    void shouldFindAContextEntryThatChangedWithoutInvalidation() {
        b.memory.writeLong(contextInUse(), 0);
        b.read(SOURCE, PAGE);
        b.read(SOURCE, PAGE);

        assertThat(u.ids()).containsExactly(context("context-not-invalidated"));
        assertThat(u.lint.log().findings().get(0).count()).isEqualTo(2);
    }

    @Test
    void shouldFindTheSameWithoutCaches() {
        b.close();
        b = new VtdBench(LintedUnit.features(0, 0), CacheConfiguration.none());
        VtdLint lint = b.lint();
        b.startProperly(0);
        b.memory.writeLong(contextInUse(), 0);
        b.read(SOURCE, PAGE);

        assertThat(lint.log().findings()).extracting(f -> f.rule().id()).containsExactly("context-not-invalidated");
    }

    @Test
    void shouldFindNothingWhereBothAreInvalidated() {
        long at = contextInUse();
        b.memory.writeLong(at, 0);
        b.descriptor(CONTEXT_DEVICE, 0).descriptor(IOTLB_DOMAIN, 0).await();
        b.memory.writeLong(at + 8, 2 | 4 << 8);
        b.memory.writeLong(at, otherTables() | 1);
        b.read(SOURCE, PAGE);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldFindAnInvalidationThatIsNotWaitedFor() {
        b.memory.writeLong(contextInUse(), 0);
        b.descriptor(CONTEXT_DEVICE, 0).descriptor(IOTLB_DOMAIN, 0);
        b.read(SOURCE, PAGE);

        assertThat(u.ids()).containsExactly(context("invalidation-not-waited"));
    }

    @Test
    void shouldNotTakeAFenceForAWaitThatTells() {
        b.memory.writeLong(contextInUse(), 0);
        b.descriptor(CONTEXT_DEVICE, 0).descriptor(IOTLB_DOMAIN, 0).descriptor(5 | 1 << 6, 0);
        b.read(SOURCE, PAGE);

        assertThat(u.ids()).containsExactly(context("invalidation-not-waited"));
    }

    @Test
    void shouldFindAnIotlbThatIsNotInvalidatedAfterTheContext() {
        b.memory.writeLong(contextInUse(), otherTables() | 1);
        b.descriptor(CONTEXT_DEVICE, 0).await();
        b.read(SOURCE, PAGE);

        assertThat(u.ids()).contains(context("context-iotlb-not-invalidated"), context("domain-reused"));
    }

    @Test
    void shouldFindAnIotlbThatIsInvalidatedBeforeTheContext() {
        b.memory.writeLong(contextInUse(), otherTables() | 1);
        b.descriptor(IOTLB_DOMAIN, 0).descriptor(CONTEXT_DEVICE, 0).await();
        b.read(SOURCE, PAGE);

        assertThat(u.ids()).containsExactly(context("invalidation-order"));
    }

    @ParameterizedTest(name = "descriptor {0}: {1}")
    @CsvSource({"0x00030031, false", "0x00030021, true", "0x00040021, false", "0x00000011, true"})
    void shouldFollowWhichContextsAreInvalidated(String word, boolean named) {
        b.memory.writeLong(contextInUse(), otherTables() | 3);
        b.descriptor(Long.decode(word), 0).descriptor(IOTLB_DOMAIN, 0).await();
        b.read(SOURCE, PAGE);

        assertThat(u.ids().contains(context("context-not-invalidated"))).isNotEqualTo(named);
    }

    @Test
    void shouldNotAskForInvalidationOfWhatWasNotPresent() {
        b.read(SOURCE, PAGE);
        contextInUse();

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldAskForItUnderCachingMode() {
        use(LintedUnit.with(LintedUnit.features(Capability.CM.mask(), 0)));
        b.startProperly(0);
        b.legacyContext(SOURCE);
        b.read(SOURCE, PAGE);
        contextInUse();

        assertThat(u.ids()).contains(context("context-not-invalidated"));
    }

    @Test
    void shouldNotTakeBitsForSoftwareForAChange() {
        long at = contextInUse();
        b.memory.writeLong(at + 8, b.memory.readLong(at + 8) | 0x78);
        b.read(SOURCE, PAGE);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldFindARootEntryThatChanged() {
        contextInUse();
        b.memory.writeLong(VtdBench.ROOT, b.page() | 1);
        b.read(SOURCE, PAGE);

        assertThat(u.ids()).containsExactly("root-not-invalidated bus 0x0 root entry at 0x100000");
    }

    @Test
    void shouldLetTheOtherHalfOfARootEntryComeLater() {
        pasidInUse();
        b.scalableContext(0x85);
        b.read(SOURCE, PAGE);

        assertThat(u.ids()).isEmpty();
    }

    @ParameterizedTest(name = "words {0}: {1}")
    @CsvSource({"01, true", "10, true", "0, false", "1, false"})
    void shouldFindContextEntriesThatChangeWordByWord(String words, boolean found) {
        long at = contextInUse();
        for (char word : words.toCharArray()) {
            b.memory.writeLong(at + (word - '0') * 8L, word == '0' ? otherTables() | 1 : 2 | 9 << 8);
        }

        assertThat(u.ids().contains(context("context-update-order"))).isEqualTo(found);
    }

    @Test
    void shouldFindAnEntryThatIsPresentBeforeItsRest() {
        long at = contextInUse();
        b.memory.writeLong(at, 0);
        b.descriptor(CONTEXT_DEVICE, 0).descriptor(IOTLB_DOMAIN, 0).await();
        b.memory.writeLong(at, otherTables() | 1);
        b.memory.writeLong(at + 8, 2 | 4 << 8);

        assertThat(u.ids()).containsExactly(context("context-update-order"));
    }

    @Test
    void shouldFindAPasidEntryThatChangedWithoutInvalidation() {
        long at = pasidInUse();
        b.memory.writeLong(at, 0);
        b.read(SOURCE, PAGE);

        assertThat(u.ids()).containsExactly(pasid("pasid-not-invalidated"));
    }

    @Test
    void shouldFindADirectoryEntryThatChanged() {
        pasidInUse();
        long directory = b.memory.readLong(b.scalableContext(SOURCE)) & -0x1000L;
        b.memory.writeLong(directory, 0);
        b.read(SOURCE, PAGE);

        assertThat(u.ids())
                .containsExactly("directory-not-invalidated source 0x5 PASID directory entry at 0x"
                        + Long.toHexString(directory));
    }

    @ParameterizedTest(name = "PASID cache {0}, IOTLB {1}")
    @CsvSource({
        "0x00030017, 0x00030026, ''",
        "0x00030007, 0x00030026, ''",
        "0x00000037, 0x00030022, ''",
        "0x00030017, 0x00000012, ''",
        "0x00040017, 0x00030026, pasid-not-invalidated",
        "0x00030017, 0x00040026, pasid-iotlb-not-invalidated",
        "0x00030017, 0x00040022, pasid-iotlb-not-invalidated",
        "0x0000000500030017, 0x00030026, pasid-not-invalidated",
        "0x00030017, 0x0000000500030026, pasid-iotlb-not-invalidated",
    })
    void shouldFollowWhatIsInvalidatedForAPasidEntry(String pasidCache, String iotlb, String found) {
        long at = pasidInUse();
        b.memory.writeLong(at, 0);
        b.descriptor(Long.decode(pasidCache), 0)
                .descriptor(Long.decode(iotlb), 0)
                .await();
        long tables = b.page();
        b.map(tables, PAGE, VtdBench.DATA, 0x67);
        b.memory.writeLong(at + 16, tables);
        b.memory.writeLong(at + 8, 7 | SNOOPED);
        b.memory.writeLong(at, 1 << 6 | 1);
        b.read(SOURCE, PAGE);

        assertThat(u.ids()).isEqualTo(found.isEmpty() ? List.of() : List.of(pasid(found)));
    }

    @Test
    void shouldFindAnIotlbThatIsInvalidatedBeforeThePasidEntry() {
        long at = pasidInUse();
        b.memory.writeLong(at + 8, 7 | SNOOPED);
        b.descriptor(PASID_IOTLB, 0).descriptor(PASID_CACHE, 0).await();
        b.read(SOURCE, PAGE);

        assertThat(u.ids()).containsExactly(pasid("invalidation-order"));
    }

    @Test
    void shouldFindPasidEntriesThatChangeWordByWord() {
        long at = pasidInUse();
        b.memory.writeLong(at + 8, 7 | SNOOPED);
        assertThat(u.ids()).isEmpty();
        b.memory.writeLong(at + 16, b.page());

        assertThat(u.ids()).containsExactly(pasid("pasid-update-order"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void shouldFindDomainZeroUnderCachingModeAlone(int cachingMode) {
        use(LintedUnit.with(LintedUnit.features(Capability.CM.of(cachingMode), 0)));
        b.startProperly(0);
        b.map(b.second(SOURCE, 0), PAGE, VtdBench.DATA, 3);
        b.read(SOURCE, PAGE);

        assertThat(u.ids().contains(context("domain-zero"))).isEqualTo(cachingMode == 1);
    }

    @Test
    void shouldFindADomainOfTwoTables() {
        contextInUse();
        b.second(6, DOMAIN);
        b.read(6, PAGE);

        assertThat(u.ids())
                .containsExactly("domain-reused source 0x6 context entry at 0x" + Long.toHexString(b.legacyContext(6)));
    }

    @Test
    void shouldLetADomainHaveOtherTablesAfterItsInvalidation() {
        contextInUse();
        b.descriptor(IOTLB_DOMAIN, 0).await();
        b.second(6, DOMAIN);
        b.read(6, PAGE);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldLetSourcesShareADomain() {
        contextInUse();
        long own = b.legacyContext(SOURCE);
        b.words(b.legacyContext(6), b.memory.readLong(own), b.memory.readLong(own + 8));
        b.read(6, PAGE);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldFindAPasidOfTwoTables() {
        pasidInUse();
        b.first(6, 0, DOMAIN);
        b.memory.writeLong(b.pasid(6, 0) + 8, DOMAIN | SNOOPED);
        b.read(6, PAGE);

        assertThat(u.ids())
                .containsExactly("pasid-reused source 0x6 PASID table entry at 0x" + Long.toHexString(b.pasid(6, 0)));
    }

    @Test
    void shouldFindADomainOfFirstAndSecondStage() {
        pasidInUse();
        b.scalableSecond(6, 0, DOMAIN);
        b.read(6, PAGE);

        assertThat(u.ids())
                .containsExactly(
                        "domain-of-both-kinds source 0x6 PASID table entry at 0x" + Long.toHexString(b.pasid(6, 0)));
    }

    @Test
    void shouldFindARidPasidThatMayBeIgnored() {
        use(LintedUnit.with(LintedUnit.features(0, ExtendedCapability.RPS.mask())));
        b.startProperly(1);
        b.memory.writeLong(b.scalableContext(SOURCE) + 8, 9);
        b.scalableSecond(SOURCE, 9, DOMAIN);
        b.read(SOURCE, PAGE);

        assertThat(u.ids())
                .containsExactly("rid-pasid-ignored source 0x5 scalable-mode context entry at 0x"
                        + Long.toHexString(b.scalableContext(SOURCE)));
    }

    @Test
    void shouldFindMarksThatWalksWithoutSnoopingSet() {
        use(LintedUnit.started(1));
        long root = b.first(SOURCE, 7, DOMAIN);
        b.map(root, PAGE, VtdBench.DATA, 0x67);
        long word1 = b.pasid(SOURCE, 7) + 8;
        b.memory.writeLong(word1, b.memory.readLong(word1) & ~VtdBench.PWSNP);
        // As long as all are accessed already, no walk is refused for it.
        for (int h = 1; h <= 3; h++) {
            long at = b.entry(root, PAGE, h);
            b.memory.writeLong(at, b.memory.readLong(at) | 0x20);
        }
        assertThat(b.access(SOURCE, 7, PAGE, Access.READ).isOk()).isTrue();

        assertThat(u.ids())
                .containsExactly("walk-not-snooped source 0x5 PASID 0x7 PASID table entry at 0x"
                        + Long.toHexString(b.pasid(SOURCE, 7)));
    }

    @Test
    void shouldSayNothingOfEntriesThatAreRefused() {
        use(LintedUnit.started(1));
        b.words(b.pasid(SOURCE, 0), 5 << 6 | 1, DOMAIN);
        b.access(SOURCE, Transaction.NO_SUBSTREAM, PAGE, Access.READ);

        assertThat(u.ids()).isEmpty();
    }
}
