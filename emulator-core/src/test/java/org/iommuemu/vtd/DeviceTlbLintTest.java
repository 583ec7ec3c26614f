// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the lint finds of translations left in devices, in scalable mode (VT-d architecture 6.5). */
class DeviceTlbLintTest {
    private static final int SOURCE = 5;
    private static final int PASID = 7;
    private static final long PAGE = 0x5000;
    private static final String FOUND = "device-tlb-not-invalidated source 0x5 page 0x5000";

    private final LintedUnit u = LintedUnit.started(1);
    private final VtdBench b = u.b;

    @AfterEach
    void close() {
        b.close();
    }

    private TranslationCompletion ask(int pasid, long address, int code) {
        TranslationCompletion c = new TranslationCompletion();
        u.lint.requestTranslation(new Transaction().set(SOURCE, pasid, address, code), c);
        return c;
    }

    private void use(int pasid, long address) {
        u.lint.forwardTranslated(new Transaction().set(SOURCE, pasid, address, Access.READ), new Verdict());
    }

    /** A device holds the translation of a page, of domain 3. */
    private void give(int pasid) {
        b.map(b.first(SOURCE, pasid == Transaction.NO_SUBSTREAM ? 0 : pasid, 3), PAGE, VtdBench.DATA, 0x67);
        assertThat(ask(pasid, PAGE, Access.READ).isReadable()).isTrue();
    }

    private static long number(String hex) {
        return Long.parseUnsignedLong(hex, 16);
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource({
        "700030026, 0, true",
        "700030036, 5000, true",
        "700030036, 4001, true",
        "700030036, 6000, false",
        "700040026, 0, false",
        "800030026, 0, false",
    })
    void shouldFollowWhichTranslationsOfAPasidAreInvalidatedInTheIotlb(String word0, String word1, boolean found) {
        give(PASID);

        b.descriptor(number(word0), number(word1)).await().await();
        use(PASID, VtdBench.DATA + 8);

        assertThat(u.ids()).isEqualTo(found ? List.of(FOUND) : List.of());
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource({
        "700050008, 5000, true",
        "700050008, 6000, false",
        "700050008, 4800, true",
        "700050008, 6800, false",
        "700050008, 7FFFFFFFFFFFF800, true",
        "800050008, 5000, false",
        "800050008, 5001, true",
        "700060008, 5000, false",
        "500000003, 5000, false",
    })
    void shouldFollowWhichTranslationsOfAPasidADeviceDrops(String word0, String word1, boolean dropped) {
        give(PASID);

        b.descriptor(0x7_0003_0026L, 0).descriptor(number(word0), number(word1));
        b.await().await();
        use(PASID, VtdBench.DATA + 8);

        assertThat(u.ids()).isEqualTo(dropped ? List.of() : List.of(FOUND));
    }

    @Test
    void shouldFindTranslationsWithoutPasidWhoseRidPasidIsInvalidated() {
        give(Transaction.NO_SUBSTREAM);

        b.descriptor(0x3_0026L, 0).await().await();
        use(Transaction.NO_SUBSTREAM, VtdBench.DATA);

        assertThat(u.ids()).containsExactly(FOUND);
    }

    @Test
    void shouldCountWaitsFromTheFirstInvalidation() {
        give(PASID);

        b.descriptor(0x7_0003_0026L, 0).await();
        b.descriptor(0x7_0003_0026L, 0).await();
        use(PASID, VtdBench.DATA);

        assertThat(u.ids()).containsExactly(FOUND);
    }

    @Test
    void shouldFollowTranslationsForWritingAlone() {
        b.map(b.scalableSecond(SOURCE, 0, 3), PAGE, VtdBench.DATA, 2);
        TranslationCompletion c = ask(Transaction.NO_SUBSTREAM, PAGE, Access.WRITE);
        assertThat(c.isReadable()).isFalse();
        assertThat(c.isWritable()).isTrue();

        b.descriptor(0x3_0022L, 0).await().await();
        use(Transaction.NO_SUBSTREAM, VtdBench.DATA);

        assertThat(u.ids()).containsExactly(FOUND);
    }

    @Test
    void shouldNotFollowAnswersThatAreNoTranslations() {
        b.scalableSecond(SOURCE, 0, 3);
        assertThat(ask(Transaction.NO_SUBSTREAM, PAGE, Access.WRITE).isWritable())
                .as("not mapped")
                .isFalse();
        assertThat(ask(Transaction.NO_SUBSTREAM, 0xFEE0_0000L, Access.WRITE).isUntranslatedOnly())
                .as("interrupt")
                .isTrue();

        b.descriptor(0x3_0022L, 0).await().await();
        use(Transaction.NO_SUBSTREAM, 0);
        use(Transaction.NO_SUBSTREAM, 0xFEE0_0000L);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldFindUsesAnywhereInALargePage() {
        long tables = b.scalableSecond(SOURCE, 0, 3);
        b.memory.writeLong(b.entry(tables, PAGE, 1), VtdBench.DATA | 1 << 7 | 3);
        assertThat(ask(Transaction.NO_SUBSTREAM, PAGE, Access.READ).pageShift()).isEqualTo(21);

        b.descriptor(0x3_0022L, 0).await().await();
        use(Transaction.NO_SUBSTREAM, VtdBench.DATA + 0x20_0000);
        assertThat(u.ids()).isEmpty();
        use(Transaction.NO_SUBSTREAM, VtdBench.DATA + 0x12_3000);

        assertThat(u.ids()).containsExactly(FOUND);
    }

    @Test
    void shouldNotFollowWhatIsBeyondItsBounds() {
        long tables = b.scalableSecond(SOURCE, 0, 3);
        long beyond = 1L << 16;
        for (long page = 0; page <= beyond; page++) {
            b.map(tables, 1L << 32 | page << 12, VtdBench.DATA + (page << 12), 3);
            assertThat(ask(Transaction.NO_SUBSTREAM, 1L << 32 | page << 12, Access.READ)
                            .isReadable())
                    .isTrue();
        }
        b.descriptor(0x3_0022L, 0).await().await();

        use(Transaction.NO_SUBSTREAM, VtdBench.DATA + (beyond << 12));
        assertThat(u.ids()).isEmpty();
        use(Transaction.NO_SUBSTREAM, VtdBench.DATA + (beyond - 1 << 12));
        assertThat(u.ids()).hasSize(1);
    }
}
