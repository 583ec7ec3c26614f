// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.smmuv3.RegisterLintTest.ids;

import java.util.List;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.smmuv3.lint.SmmuLint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lint of changes to structures: without invalidation, without SYNC, in the wrong order (fact sheet 2.9, 3.6, 5.4-5.6, 9.2). */
class ConfigurationLintTest {
    private static final long CFGI_STE_5 = 0x0000_0005_0000_0003L;
    private static final long CFGI_CD_5 = 0x0000_0005_0000_0005L;
    private static final long TLBI_NH_VA_5 = 0x0005_0000_0000_0012L;
    private static final long TLBI_NH_ASID_5 = 0x0005_0000_0000_0011L;

    private final SmmuBench b = SmmuBench.reset();
    private final SmmuLint lint = b.lint();

    ConfigurationLintTest() {
        b.start();
    }

    @AfterEach
    void close() {
        b.close();
    }

    private static String at(String rule, String structure, TestStructure s) {
        return rule + " stream 0x5 " + structure + " at 0x" + Long.toHexString(s.address());
    }

    @Test
    void shouldFindAnSteThatChangedWithoutInvalidation() {
        b.ste(5).config(4).valid(1);
        b.read(5, 0);
        b.ste(5).config(0);
        b.read(5, 0);
        b.read(5, 0);

        assertThat(ids(lint)).containsExactly(at("ste-not-invalidated", "STE", b.ste(5)));
        assertThat(lint.log().findings().get(0).count()).isEqualTo(2);
    }

    @Test
    void shouldFindTheSameWhateverTheCaches() {
        try (SmmuBench none = new SmmuBench(SmmuBench.stage1Features(), CacheConfiguration.none());
                SmmuBench one = new SmmuBench(
                        SmmuBench.stage1Features(),
                        CacheConfiguration.standard().withConfiguration(CacheGeometry.none()))) {
            for (SmmuBench m : new SmmuBench[] {none, one}) {
                SmmuLint watching = m.lint();
                m.start();
                m.ste(5).config(4).valid(1);
                m.read(5, 0);
                m.ste(5).config(0);
                m.read(5, 0);
                m.read(5, 0);
                assertThat(watching.log().findings())
                        .singleElement()
                        .satisfies(f -> assertThat(f.count()).isEqualTo(2));
            }
        }
    }

    @Test
    void shouldFindAnSteThatWasMadeValidWhereTheInvalidOneMayBeCached() {
        // 2.1: a fetched STE may be cached in any state.
        b.read(5, 0);
        b.ste(5).config(4).valid(1);
        b.read(5, 0);

        assertThat(ids(lint)).containsExactly(at("ste-not-invalidated", "STE", b.ste(5)));
    }

    @Test
    void shouldTakeChangesThatAreInvalidatedAndSynced() {
        b.read(5, 0);
        b.ste(5).config(4).valid(1);
        b.command(CFGI_STE_5, 1).sync();
        b.read(5, 0);
        b.ste(5).valid(0);
        b.command(0x04, 0x1F).sync();
        b.read(5, 0);
        // Never fetched, and so never cached.
        b.ste(6).config(4).valid(1);
        b.read(6, 0);

        assertThat(ids(lint)).isEmpty();
    }

    @Test
    void shouldTakeChangesOfWhatIsNotUsed() {
        // 2.3: S1* are ignored when Config=100, everything when it is 0xx; 2.2: bits 87:84 are software's.
        b.ste(5).config(4).valid(1);
        b.read(5, 0);
        b.ste(5).s1ContextPtr(0x4000).s1CdMax(3).set(87, 84, 9);
        b.read(5, 0);
        b.ste(6).config(0).valid(1);
        b.read(6, 0);
        b.ste(6).s1ContextPtr(0x4000).set(127, 64, 0).privCfg(3);
        b.read(6, 0);

        assertThat(ids(lint)).isEmpty();
    }

    @Test
    void shouldFindAnInvalidationWithoutSync() {
        b.ste(5).config(4).valid(1);
        b.read(5, 0);
        b.ste(5).config(0);
        b.command(CFGI_STE_5, 1);
        b.read(5, 0);
        b.sync();
        b.read(5, 0);

        assertThat(lint.log().findings())
                .singleElement()
                .satisfies(f -> assertThat(f.count()).isEqualTo(1));
        assertThat(ids(lint)).containsExactly(at("cfgi-not-synced", "STE", b.ste(5)));
    }

    @Test
    void shouldKnowWhatWasFetchedBetweenCfgiAndSync() {
        b.ste(5).config(4).valid(1);
        b.read(5, 0);
        b.command(CFGI_STE_5, 1);
        b.read(5, 0);
        b.sync();
        assertThat(ids(lint)).isEmpty();

        b.ste(5).config(0);
        b.read(5, 0);

        assertThat(ids(lint)).containsExactly(at("ste-not-invalidated", "STE", b.ste(5)));
    }

    @Test
    void shouldFindACdThatChangedWithoutInvalidation() {
        TestCd cd = b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.read(5, 0x1000);
        // TTB1 is not used, and AMAIR is implementation defined.
        cd.ttb1(0x7000).set(319, 256, 7);
        b.read(5, 0x1000);
        assertThat(ids(lint)).isEmpty();

        cd.aborts(0);
        b.read(5, 0x1000);

        assertThat(ids(lint)).containsExactly(at("cd-not-invalidated", "CD", cd));
    }

    @Test
    void shouldTakeACdAfterCfgiCdOrCfgiSte() {
        TestCd cd = b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.read(5, 0x1000);
        cd.aborts(0);
        b.command(CFGI_CD_5, 1).sync();
        b.read(5, 0x1000);
        cd.aborts(1);
        b.command(CFGI_STE_5, 1).sync();
        b.read(5, 0x1000);
        cd.aborts(0);
        b.command(CFGI_CD_5 + 1, 0).sync();
        b.read(5, 0x1000);

        assertThat(ids(lint)).isEmpty();
    }

    @Test
    void shouldFindAnInvalidationOfAnotherSubstream() {
        b.substreams(5, 0, 4, 0);
        TestCd cd = b.cd(5, 3, 1).map(0x1000, SmmuBench.DATA);
        b.readSubstream(5, 3, 0x1000);
        cd.aborts(0);
        b.command(CFGI_CD_5 | 2 << 12, 1).sync();
        b.readSubstream(5, 3, 0x1000);

        assertThat(ids(lint))
                .containsExactly(
                        "cd-not-invalidated stream 0x5 substream 0x3 CD at 0x" + Long.toHexString(cd.address()));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void shouldWantTheL1CdInvalidatedByANonLeafCommand(int leaf) {
        b.substreams(5, 1, 8, 0);
        b.cd(5, 3, 1).map(0x1000, SmmuBench.DATA);
        b.readSubstream(5, 3, 0x1000);
        b.l1cd(5, 3).put(0, 0, 0);
        b.command(CFGI_CD_5 | 3 << 12, leaf).sync();
        b.readSubstream(5, 3, 0x1000);

        assertThat(lint.log().findings().stream().map(f -> f.rule().id()).toList())
                .isEqualTo(leaf == 0 ? List.of() : List.of("l1cd-not-invalidated"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void shouldWantTheL1StdInvalidatedByANonLeafCommand(int leaf) {
        try (SmmuBench t = SmmuBench.reset().twoLevel(16, 8)) {
            SmmuLint watching = t.lint();
            t.start();
            t.ste(5).config(4).valid(1);
            t.read(5, 0);
            t.l1std(5).put(4, 0, 0);
            t.command(CFGI_STE_5, leaf).sync();
            t.read(5, 0);

            assertThat(watching.log().findings().stream()
                            .map(f -> f.rule().id())
                            .toList())
                    .isEqualTo(leaf == 0 ? List.of() : List.of("l1std-not-invalidated"));
        }
    }

    @Test
    void shouldTakeAnL1StdThatOnlyGrows() {
        // The STE in use stays where it is.
        try (SmmuBench t = SmmuBench.reset().twoLevel(16, 8)) {
            SmmuLint watching = t.lint();
            t.start();
            t.ste(5).config(4).valid(1);
            t.l1std(5).put(4, 0, 5);
            t.read(5, 0);
            t.l1std(5).put(4, 0, 9);
            t.read(5, 0);

            assertThat(ids(watching)).isEmpty();
        }
    }

    @Test
    void shouldFindWordsOfALiveSteThatChangeOneByOne() {
        b.stage1(5);
        b.read(5, 0x1000);
        b.ste(5).set(93, 92, 1);
        assertThat(ids(lint)).as("one word is one update").isEmpty();

        b.ste(5).s1ContextPtr(0x9000);

        assertThat(ids(lint)).containsExactly(at("ste-update-order", "STE", b.ste(5)));
    }

    @Test
    void shouldFindAnSteThatIsMadeValidBeforeItIsComplete() {
        b.read(5, 0);
        b.ste(5).config(5);
        b.ste(5).valid(1);
        b.ste(5).s1Dss(2);

        assertThat(ids(lint)).containsExactly(at("ste-update-order", "STE", b.ste(5)));
    }

    @Test
    void shouldTakeTheOrderInWhichDriversUpdate() {
        // 9.2: words 1-3 first, CFGI and SYNC, then word 0 with one store.
        TestSte ste = b.ste(5);
        ste.word(0, 1);
        b.read(5, 0);
        ste.word(1, 0x1000_00D4L);
        ste.word(2, 0x55);
        ste.word(3, 0x60);
        b.command(CFGI_STE_5, 1).sync();
        ste.word(0, 0x8000_100BL);
        b.command(CFGI_STE_5, 1).sync();
        b.read(5, 0);
        // Back by way of an invalid entry.
        ste.word(0, 0);
        b.command(CFGI_STE_5, 1).sync();
        ste.word(1, 1L << 44);
        ste.word(0, 9);
        b.command(CFGI_STE_5, 1).sync();
        b.read(5, 0);

        assertThat(ids(lint)).isEmpty();
    }

    @Test
    void shouldTakeTwoUpdatesWithAnInvalidationBetween() {
        b.stage1(5);
        b.read(5, 0x1000);
        b.ste(5).set(93, 92, 1);
        b.command(CFGI_STE_5, 1).sync();
        b.ste(5).s1ContextPtr(0x9000);

        assertThat(ids(lint)).isEmpty();
    }

    @Test
    void shouldFindWordsOfALiveCdThatChangeOneByOne() {
        TestCd cd = b.stage1(5);
        b.read(5, 0x1000);
        cd.asid(9);
        cd.ttb0(0x9000);

        assertThat(ids(lint)).containsExactly(at("cd-update-order", "CD", cd));
    }

    @Test
    void shouldTakeACdThatIsQuietWhileItChanges() {
        // 9.2: EPD0 first, then the tables.
        TestCd cd = b.stage1(5);
        b.read(5, 0x1000);
        cd.set(14, 14, 1);
        cd.ttb0(0x9000);
        cd.set(31, 31, 0);
        cd.asid(9);
        cd.set(255, 192, 0);

        assertThat(ids(lint)).isEmpty();
    }

    @Test
    void shouldFindAnAsidOfTwoAddressSpaces() {
        // 3.6: CDs of one ASID are interchangeable.
        b.stage1(5, 1);
        TestCd other = b.stage1(6, 1);
        b.read(5, 0);
        b.read(6, 0);

        assertThat(ids(lint)).containsExactly("asid-reused stream 0x6 CD at 0x" + Long.toHexString(other.address()));
    }

    @Test
    void shouldTakeAnAsidOfTheSameTablesOrOfOthersAfterATlbi() {
        TestCd first = b.stage1(5, 1);
        b.stage1(6, 1).ttb0(first.tables(0).root());
        b.stage1(7, 2);
        b.read(5, 0);
        b.read(6, 0);
        b.read(7, 0);
        first.lowerTables(12, 48);
        b.command(CFGI_CD_5, 1).command(0x0001_0000_0000_0011L, 0).sync();
        b.read(5, 0);

        assertThat(ids(lint)).isEmpty();
    }

    @Test
    void shouldFindATranslationThatChangedAndMissesOnlyTheSync() {
        TestCd cd = b.stage1(5).map(0x1000, SmmuBench.DATA).map(0x2000, SmmuBench.DATA);
        b.read(5, 0x1000);
        b.read(5, 0x2000);
        cd.map(0x1000, SmmuBench.DATA + 0x5000);
        b.command(TLBI_NH_VA_5, 0x1001);
        b.read(5, 0x2000);
        assertThat(ids(lint)).isEmpty();

        b.read(5, 0x1000);

        assertThat(ids(lint)).containsExactly("tlbi-not-synced stream 0x5 page 0x1000");
    }

    @Test
    void shouldTakeTranslationsThatAreSyncedOrDidNotChange() {
        TestCd cd = b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.read(5, 0x1000);
        b.command(TLBI_NH_ASID_5, 0);
        b.read(5, 0x1000);
        b.sync();
        cd.map(0x1000, SmmuBench.DATA + 0x5000);
        b.command(TLBI_NH_ASID_5, 0).sync();
        b.read(5, 0x1000);

        assertThat(ids(lint)).isEmpty();
    }

    @Test
    void shouldSeeOnlyWhatIsPossibleWhileTranslationIsOff() {
        b.read(5, 0);
        b.write32(0x20, 0xC);
        b.ste(5).config(4).valid(1);
        b.read(5, 0);

        assertThat(ids(lint)).doesNotContain(at("ste-not-invalidated", "STE", b.ste(5)));
    }
}
