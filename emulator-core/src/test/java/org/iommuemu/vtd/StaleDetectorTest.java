// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.StaleCause;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.StaleEntry;
import org.iommuemu.iommu.StaleHit;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is stale in a VT-d unit, and how invalidations are told of (6.5); the causes are in vtd-stale.jsonl. */
class StaleDetectorTest {
    private static final int SOURCE = 5;
    private static final long PAGE = 0x5000;
    private static final long OLD = VtdBench.DATA;
    private static final long NEW = VtdBench.DATA + 0x100_0000;

    private VtdBench b = VtdBench.legacy();
    private StaleDetector detector = b.unit.detectStale();

    @AfterEach
    void close() {
        b.close();
    }

    private void scalable() {
        b.close();
        b = VtdBench.scalable();
        detector = b.unit.detectStale();
    }

    @ParameterizedTest(name = "descriptor {0} {1}: {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "0x00040022 | 0      | DID 4, every address",
                "0x00040032 | 0x5000 | DID 4, 0x5000 to 0x5fff",
                "0x00030032 | 0x4000 | DID 3, 0x4000 to 0x4fff",
            })
    void shouldNameTheInvalidationThatCameClosest(String word0, String word1, String detail) {
        long tables = b.second(SOURCE, 3);
        b.map(tables, PAGE, OLD, 3).read(SOURCE, PAGE);
        b.map(tables, PAGE, NEW, 3).descriptor(Long.decode(word0), Long.decode(word1));
        b.read(SOURCE, PAGE);

        assertThat(detector.hits()).extracting(StaleHit::detail).containsExactly(detail);
    }

    @ParameterizedTest(name = "descriptor {0}: {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "0x00040007         | DID 4",
                "0x0000000200030017 | DID 3 PASID 2",
                "0x0000000700000031 | stream 0x7",
                "0x0001000800000031 | stream 0x8 but for bits 0x4",
            })
    void shouldNameTheInvalidationOfConfigurationThatCameClosest(String word0, String detail) {
        scalable();
        b.map(b.first(SOURCE, 1, 3), PAGE, OLD, 0x67);
        b.access(SOURCE, 1, PAGE, Access.READ);
        b.memory.writeLong(b.pasid(SOURCE, 1), 0);
        b.descriptor(Long.decode(word0), 0);
        b.access(SOURCE, 1, PAGE, Access.READ);

        assertThat(detector.hits())
                .extracting(StaleHit::substreamId, StaleHit::cause, StaleHit::detail)
                .containsExactly(tuple(1, StaleCause.CONFIGURATION_OTHER, detail));
    }

    @ParameterizedTest(name = "PGTT {0}")
    @CsvSource({"2", "4"})
    void shouldTellThatAccessesAreNotSnoopedAsThePasidEntrySays(int type) {
        scalable();
        long tables = b.scalableSecond(SOURCE, 0, 3);
        b.map(tables, PAGE, OLD, 3);
        b.memory.writeLong(b.pasid(SOURCE, 0), (type == 2 ? tables : 0) | (long) type << 6 | 2 << 2 | 1);
        b.read(SOURCE, PAGE);
        b.read(SOURCE, PAGE);
        assertThat(detector.hits()).isEmpty();
        b.memory.writeLong(b.pasid(SOURCE, 0) + 8, 3 | VtdBench.PWSNP | 1 << 24);
        b.read(SOURCE, PAGE);
        assertThat(detector.hits()).extracting(StaleHit::cause).containsExactly(StaleCause.CONFIGURATION_MISSING);

        b.descriptor(7 | 3 << 4, 0).await().read(SOURCE, PAGE);

        assertThat(detector.hits()).hasSize(1);
    }

    @Test
    void shouldCompareWhatTheIotlbHoldsWithTheTables() {
        long tables = b.second(SOURCE, 3);
        b.map(tables, PAGE, OLD, 3).map(tables, PAGE + 0x1000, OLD + 0x1000, 3);
        b.read(SOURCE, PAGE);
        b.read(SOURCE, PAGE + 0x1000);
        assertThat(detector.staleEntries(b.memory)).isEmpty();

        b.map(tables, PAGE, NEW, 3);

        assertThat(detector.staleEntries(b.memory))
                .containsExactly(new StaleEntry("DID 3", VtdTags.secondStage(3), PAGE, 12, OLD));
    }

    @Test
    void shouldFollowTheImplicitInvalidationOfAPageRequest() {
        scalable();
        long tables = b.first(SOURCE, 1, 3);
        b.map(tables, PAGE, OLD, 0x67);
        b.access(SOURCE, 1, PAGE, Access.READ);
        b.map(tables, PAGE, NEW, 0x67);
        b.ask(SOURCE, 1, PAGE);
        b.access(SOURCE, 1, PAGE, Access.READ);

        assertThat(detector.hits()).isEmpty();
    }

    @Test
    void shouldCompareWhatTranslationRequestsAreTold() {
        long tables = b.second(SOURCE, 3);
        b.memory.writeLong(b.legacyContext(SOURCE), tables | 1 << 2 | 1);
        b.map(tables, PAGE, OLD, 3);
        TranslationCompletion completion = new TranslationCompletion();
        Transaction request = new Transaction().set(SOURCE, Transaction.NO_SUBSTREAM, PAGE, Access.READ);
        b.unit.requestTranslation(request, completion);
        b.map(tables, PAGE, NEW, 3);
        b.unit.requestTranslation(request, completion);

        assertThat(completion.address()).isEqualTo(OLD);
        assertThat(detector.hits())
                .extracting(StaleHit::used, StaleHit::now, StaleHit::cause)
                .containsExactly(tuple(OLD, NEW, StaleCause.MISSING));
    }

    @Test
    void shouldSayNothingWhileTranslationIsOff() {
        b.map(b.second(SOURCE, 3), PAGE, OLD, 3).read(SOURCE, PAGE);
        b.command(VtdBench.QIE);
        b.words(b.legacyContext(SOURCE), 0, 0);
        b.read(SOURCE, PAGE);

        assertThat(detector.hits()).isEmpty();
    }
}
