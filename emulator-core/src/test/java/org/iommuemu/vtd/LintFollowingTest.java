// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.DevicePort.Invalidation;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which entries the lint takes for cached: what it sees fetched, what the unit forgets by itself, and no more than its bounds. */
class LintFollowingTest {
    private static final int SOURCE = 5;
    private static final int DOMAIN = 3;
    private static final long PAGE = 0x5000;
    private static final long ON = VtdBench.QIE | VtdBench.IRE;
    private static final long MESSAGE = 0xFEE0_0010L;
    private static final long CONTEXT_DEVICE = 0x31 | (long) SOURCE << 32;

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

    private long legacyInUse() {
        b.map(b.second(SOURCE, DOMAIN), PAGE, VtdBench.DATA, 3);
        assertThat(b.read(SOURCE, PAGE).isOk()).isTrue();
        return b.legacyContext(SOURCE);
    }

    private long pasidInUse(int pasid) {
        b.map(b.first(SOURCE, pasid, DOMAIN), PAGE, VtdBench.DATA, 0x67);
        assertThat(b.access(SOURCE, pasid, PAGE, Access.READ).isOk()).isTrue();
        return b.pasid(SOURCE, pasid);
    }

    @ParameterizedTest(name = "SMTS {0}")
    @CsvSource({"true, ''", "false, context-not-invalidated"})
    void shouldTakeSwitchingTranslationOffForAnInvalidationInUnitsWithScalableMode(boolean scalable, String found) {
        use(LintedUnit.with(LintedUnit.features(0, scalable ? 0 : ExtendedCapability.SMTS.mask())));
        b.startProperly(0);
        b.memory.writeLong(legacyInUse(), 0);

        b.switchOn(ON);
        b.switchOn(ON | VtdBench.TE);
        b.read(SOURCE, PAGE);

        assertThat(u.lint.log().findings().stream().map(f -> f.rule().id()).toList())
                .isEqualTo(found.isEmpty() ? List.of() : List.of(found));
    }

    @Test
    void shouldForgetPasidsAndTheirTablesWhenTranslationGoesOff() {
        use(LintedUnit.started(1));
        long at = pasidInUse(7);
        b.words(at, 0, DOMAIN | VtdBench.PWSNP, b.page());
        b.memory.writeLong(at, 1 << 6 | 1);
        b.memory.writeLong(at - 7 * 64, 1);

        b.switchOn(ON);
        b.switchOn(ON | VtdBench.TE);
        b.access(SOURCE, 7, PAGE, Access.READ);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldTakeSettingTheTablesForAnInvalidationWhereTheUnitDoesIt() {
        use(LintedUnit.with(LintedUnit.features(Capability.ESRTPS.mask() | Capability.ESIRTPS.mask(), 0)));
        b.startProperly(0);
        b.memory.writeLong(legacyInUse(), 0);
        b.words(VtdBench.INTERRUPTS, 0x0000_0100_0030_0001L, 0);
        u.lint.remapInterrupt(SOURCE, MESSAGE, 0);
        b.memory.writeLong(VtdBench.INTERRUPTS, 0);

        b.switchOn(ON | VtdBench.TE | VtdBench.SRTP);
        b.switchOn(ON | VtdBench.TE | VtdBench.SIRTP);
        b.read(SOURCE, PAGE);
        u.lint.remapInterrupt(SOURCE, MESSAGE, 0);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldAskForEverythingAnewAfterAReset() {
        b.command(ON | VtdBench.TE | VtdBench.SRTP);
        u.lint.reset();
        b.command(VtdBench.TE);

        assertThat(u.ids()).as("not: written before GSTS was read").containsExactly("te-without-root GCMD");
        assertThat(b.read64(0x20)).isZero();
    }

    @Test
    void shouldNotCountWhatIsReadWhileTranslationIsOff() {
        b.map(b.second(SOURCE, DOMAIN), PAGE, VtdBench.DATA, 3);
        b.switchOn(ON);
        assertThat(b.read(SOURCE, PAGE).address()).isEqualTo(PAGE);
        b.memory.writeLong(b.legacyContext(SOURCE), 0);
        b.switchOn(ON | VtdBench.TE);
        b.read(SOURCE, PAGE);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldNotCountWhatPageRequestsRead() {
        use(LintedUnit.started(1));
        b.first(SOURCE, 7, DOMAIN);
        b.ask(SOURCE, 7, PAGE);
        assertThat(b.read64(0xC8)).as("PQT").isEqualTo(0x20);
        b.memory.writeLong(b.pasid(SOURCE, 7), 0);
        b.access(SOURCE, 7, PAGE, Access.READ);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldPassOnWhatDevicesAnswerAndAreAnswered() {
        use(LintedUnit.started(1));
        u.lint.connect(b);
        b.answer = Invalidation.PENDING;
        b.descriptor(0x7_0005_0008L, PAGE).descriptor(5 | 1 << 5 | 9L << 32, VtdBench.STATUS);
        assertThat(b.memory.readInt(VtdBench.STATUS)).isNotEqualTo(9);

        u.lint.invalidationEnded(b.requests.get(0).ticket(), true);

        assertThat(b.memory.readInt(VtdBench.STATUS)).isEqualTo(9);
        b.ask(SOURCE, 7, PAGE);
        assertThat(b.responses).containsExactly(new PageResponse(SOURCE, 7, 5, PageResponse.Code.INVALID));
    }

    @Test
    void shouldFollowSourcesThatHaveNoContextTable() {
        legacyInUse();
        b.read(0x105, PAGE);
        b.memory.writeLong(VtdBench.ROOT + 16, b.page() | 1);

        // Contexts of domain 3, IOTLB of domain 3, everything.
        b.descriptor(0x3_0021, 0).descriptor(0x3_0022, 0).await();
        b.read(0x105, PAGE);
        b.memory.writeLong(VtdBench.ROOT + 16, 0);
        b.descriptor(0x11, 0).descriptor(0x12, 0).await();
        b.read(0x105, PAGE);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldFollowContextEntriesOfScalableMode() {
        use(LintedUnit.started(1));
        pasidInUse(7);
        long at = b.scalableContext(SOURCE);
        b.memory.writeLong(at, b.memory.readLong(at) & ~4L);
        b.descriptor(CONTEXT_DEVICE, 0).await();
        b.access(SOURCE, 7, PAGE, Access.READ);
        assertThat(u.ids()).isEmpty();

        b.memory.writeLong(at, b.memory.readLong(at) | 4);
        b.access(SOURCE, 7, PAGE, Access.READ);

        assertThat(u.ids())
                .containsExactly(
                        "context-not-invalidated source 0x5 scalable-mode context entry at 0x" + Long.toHexString(at));
    }

    @ParameterizedTest(name = "PASID cache {0}: {1}")
    @CsvSource({"0x0000000700030017, true", "0x0000000800030017, false", "0x00030017, false", "0x00030007, true"})
    void shouldFollowWhichPasidsAreInvalidated(String word, boolean named) {
        use(LintedUnit.started(1));
        b.memory.writeLong(pasidInUse(7), 0);

        b.descriptor(Long.decode(word), 0).descriptor(0x3_0022, 0).await();
        b.access(SOURCE, 7, PAGE, Access.READ);

        assertThat(u.ids().isEmpty()).isEqualTo(named);
    }

    @Test
    void shouldNotAskForTheIotlbWhenAnEntryIsInvalidatedThatDidNotChangeOrWasNotPresent() {
        use(LintedUnit.with(LintedUnit.features(Capability.CM.mask(), 0)));
        b.startProperly(0);
        b.legacyContext(SOURCE);
        b.read(SOURCE, PAGE);
        long tables = b.page();
        b.map(tables, PAGE, VtdBench.DATA, 3);
        b.memory.writeLong(b.legacyContext(SOURCE) + 8, 2 | DOMAIN << 8);
        b.memory.writeLong(b.legacyContext(SOURCE), tables | 1);
        b.descriptor(CONTEXT_DEVICE, 0).await();
        assertThat(b.read(SOURCE, PAGE).isOk()).isTrue();
        b.descriptor(CONTEXT_DEVICE, 0).await();
        b.read(SOURCE, PAGE);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldNotTakeIgnoredFieldsOfAPassThroughEntryForAChange() {
        b.words(b.legacyContext(SOURCE), 2 << 2 | 1, 2 | DOMAIN << 8);
        b.read(SOURCE, PAGE);
        b.memory.writeLong(b.legacyContext(SOURCE), 0x7000 | 2 << 2 | 1);
        b.read(SOURCE, PAGE);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldNotTakeIgnoredFieldsOfANestedEntryForIgnored() {
        use(LintedUnit.started(1));
        b.nested(SOURCE, 7, DOMAIN, 0);
        b.access(SOURCE, 7, PAGE, Access.READ);
        long at = b.pasid(SOURCE, 7);
        b.memory.writeLong(at + 16, b.page());
        b.access(SOURCE, 7, PAGE, Access.READ);

        assertThat(u.ids())
                .contains("pasid-not-invalidated source 0x5 PASID 0x7 PASID table entry at 0x" + Long.toHexString(at));
    }

    @ParameterizedTest(name = "SSADE {0}")
    @CsvSource({"true", "false"})
    void shouldFindSecondStagesWhoseMarksWalksWithoutSnoopingSet(boolean marks) {
        use(LintedUnit.started(1));
        long tables = b.scalableSecond(SOURCE, 7, DOMAIN);
        long at = b.pasid(SOURCE, 7);
        b.words(at, tables | 2 << 6 | 2 << 2 | 1 | (marks ? 1 << 9 : 0), DOMAIN);
        b.access(SOURCE, 7, PAGE, Access.READ);

        assertThat(u.ids()
                        .contains(
                                "walk-not-snooped source 0x5 PASID 0x7 PASID table entry at 0x" + Long.toHexString(at)))
                .isEqualTo(marks);
    }

    @Test
    void shouldSayNothingOfDevicesThatAreNotConfigured() {
        use(LintedUnit.started(1));
        TranslationCompletion c = new TranslationCompletion();
        Transaction request = new Transaction().set(SOURCE, 7, PAGE, Access.READ);
        u.lint.requestTranslation(request, c);
        b.scalableContext(SOURCE);
        u.lint.requestTranslation(request, c);
        b.switchOn(ON);
        u.lint.requestTranslation(request.set(0x99, 7, PAGE, Access.READ), c);

        assertThat(c.status()).isEqualTo(TranslationCompletion.Status.UR);
        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldNotFollowInterruptsThatReadNoEntry() {
        b.switchOn(VtdBench.QIE | VtdBench.TE);

        assertThat(u.lint.remapInterrupt(SOURCE, 0xFEE0_0000L, 0x31)).isNotNull();
        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldFollowNoMoreEntriesThanItsBounds() {
        use(LintedUnit.started(1));
        // Beside one root and one context entry, each PASID takes a directory entry and its own.
        int last = (1 << 16) / 2;
        b.memory.writeLong(b.scalableContext(SOURCE), b.allocator.allocate(0x2_0000, 0x1000) | 7 << 9 | 0x1D);
        for (int pasid = 1; pasid <= last; pasid++) {
            b.words(b.pasid(SOURCE, pasid), 4 << 6 | 1, DOMAIN);
            assertThat(b.access(SOURCE, pasid, PAGE, Access.READ).isOk()).isTrue();
        }
        b.memory.writeLong(b.pasid(SOURCE, last), 0);
        b.access(SOURCE, last, PAGE, Access.READ);
        assertThat(u.ids()).isEmpty();
        b.memory.writeLong(b.pasid(SOURCE, 1), 0);
        b.access(SOURCE, 1, PAGE, Access.READ);

        assertThat(u.ids()).singleElement().asString().startsWith("pasid-not-invalidated source 0x5 PASID 0x1 ");
    }
}
