// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.memory.RangeState;
import org.iommuemu.vtd.spec.Capability;
import org.junit.jupiter.api.Test;

/** Caching mode: what is not present or erroneous may be kept, and must be invalidated (VT-d architecture 6.1). */
class CachingModeTest {
    private static final int SOURCE = 0x18;
    private static final long CONTEXT_DEVICE = 1 | 3 << 4 | (long) SOURCE << 32;
    private static final long CONTEXT_DOMAIN = 1 | 2 << 4;
    private static final long IOTLB_DOMAIN = 2 | 2 << 4;
    private static final long IOTLB_PAGE = 2 | 3 << 4;
    private static final long DOMAIN_5 = 5 << 16;

    private static VtdBench bench(boolean on, int mode) {
        VtdFeatures full = VtdFeatures.full();
        long cap = Capability.CM.set(full.cap(), on ? 1 : 0);
        return new VtdBench(new VtdFeatures(full.ver(), cap, full.ecap()), CacheConfiguration.standard()).start(mode);
    }

    @Test
    void shouldKeepALegacyContextThatIsNotPresentInDomain0() {
        try (VtdBench b = bench(true, 0)) {
            b.legacyContext(SOURCE);
            assertThat(b.read(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.CONTEXT_NOT_PRESENT);
            b.map(b.second(SOURCE, 5), 0x5000, VtdBench.DATA, 3);

            assertThat(b.read(SOURCE, 0x6000).rule()).isEqualTo(FaultReason.CONTEXT_NOT_PRESENT);
            assertThat(b.faults()).containsExactly("2 read 18 at 5000", "2 read 18 at 6000");
            b.descriptor(CONTEXT_DOMAIN | DOMAIN_5, 0);
            assertThat(b.read(SOURCE, 0x5000).isOk()).as("tagged with domain 0").isFalse();
            b.descriptor(CONTEXT_DOMAIN, 0);
            assertThat(b.read(SOURCE, 0x5000).isOk()).isTrue();
        }
    }

    @Test
    void shouldDropAContextByItsSource() {
        try (VtdBench b = bench(true, 0)) {
            b.words(b.legacyContext(SOURCE), 1 | 1 << 5, 2);
            assertThat(b.read(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.CONTEXT_RESERVED);
            b.map(b.second(SOURCE, 5), 0x5000, VtdBench.DATA, 3);

            assertThat(b.read(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.CONTEXT_RESERVED);
            b.descriptor(CONTEXT_DEVICE ^ 1L << 32, 0);
            assertThat(b.read(SOURCE, 0x5000).isOk()).as("another source").isFalse();
            b.descriptor(CONTEXT_DEVICE, 0);
            assertThat(b.read(SOURCE, 0x5000).isOk()).isTrue();
        }
    }

    @Test
    void shouldKeepFpdOfWhatIsNotPresent() {
        try (VtdBench b = bench(true, 0)) {
            b.words(b.legacyContext(SOURCE), 2, 0);
            b.read(SOURCE, 0x5000);
            b.words(b.legacyContext(SOURCE), 0, 0);

            assertThat(b.read(SOURCE, 0x5000).isOk()).isFalse();
            assertThat(b.faults()).isEmpty();
        }
    }

    @Test
    void shouldKeepNeitherRootEntriesNorWhatCouldNotBeRead() {
        try (VtdBench b = bench(true, 0)) {
            b.read(SOURCE, 0x5000);
            long context = b.legacyContext(SOURCE);
            b.memory.mark(context & -0x1000L, 0x1000, RangeState.ABSENT);
            b.read(SOURCE, 0x5000);
            b.memory.mark(context & -0x1000L, 0x1000, RangeState.PRESENT);
            b.map(b.second(SOURCE, 5), 0x5000, VtdBench.DATA, 3);

            assertThat(b.read(SOURCE, 0x5000).isOk()).isTrue();
            assertThat(b.faults()).containsExactly("1 read 18 at 5000", "9 read 18 at 5000");
        }
    }

    @Test
    void shouldKeepSecondStagePagesUnderTheirDomain() {
        try (VtdBench b = bench(true, 0)) {
            long tables = b.second(SOURCE, 5);
            assertThat(b.read(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.NO_READ);
            assertThat(b.write(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.NO_WRITE);
            b.map(tables, 0x5000, VtdBench.DATA, 3).map(tables, 0x6000, VtdBench.DATA, 3);

            assertThat(b.read(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.NO_READ);
            assertThat(b.read(SOURCE, 0x6000).isOk()).as("nobody asked for it").isTrue();
            b.descriptor(IOTLB_DOMAIN, 0).descriptor(IOTLB_PAGE | DOMAIN_5, 0x6000);
            assertThat(b.read(SOURCE, 0x5000).isOk())
                    .as("another domain, another page")
                    .isFalse();
            b.descriptor(IOTLB_PAGE | DOMAIN_5, 0x5000);
            assertThat(b.read(SOURCE, 0x5000).isOk()).isTrue();
        }
    }

    @Test
    void shouldKeepErroneousEntriesOfASecondStage() {
        try (VtdBench b = bench(true, 1)) {
            long tables = b.scalableSecond(SOURCE, 0, 5);
            b.map(tables, 0x5000, 1L << 62, 3);
            assertThat(b.read(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.SM_SECOND_STAGE_RESERVED);
            b.map(tables, 0x5000, VtdBench.DATA, 3);

            assertThat(b.write(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.SM_SECOND_STAGE_RESERVED);
            TranslationCompletion c = new TranslationCompletion();
            b.unit.requestTranslation(new Transaction().set(SOURCE, -1, 0x5000, Access.READ), c);
            assertThat(c.status()).isEqualTo(TranslationCompletion.Status.CA);
            b.descriptor(IOTLB_DOMAIN | DOMAIN_5, 0);
            assertThat(b.write(SOURCE, 0x5000).isOk()).isTrue();
        }
    }

    @Test
    void shouldReportAKeptFaultAsStaleOnceThePageIsMapped() {
        try (VtdBench b = bench(true, 1)) {
            StaleDetector detector = b.unit.detectStale();
            long tables = b.scalableSecond(SOURCE, 0, 5);
            b.read(SOURCE, 0x5000);
            assertThat(detector.staleEntries(b.memory)).isEmpty();
            b.map(tables, 0x5000, VtdBench.DATA, 3);

            assertThat(detector.staleEntries(b.memory)).hasSize(1);
            assertThat(b.read(SOURCE, 0x5000).isOk()).isFalse();
            assertThat(detector.hits()).hasSize(1);
        }
    }

    @Test
    void shouldNeverKeepWhatAFirstStageRefuses() {
        try (VtdBench b = bench(true, 1)) {
            long tables = b.first(SOURCE, 0, 5);
            assertThat(b.read(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.SM_FIRST_STAGE_NOT_PRESENT);
            b.map(tables, 0x5000, VtdBench.DATA, 7);

            assertThat(b.read(SOURCE, 0x5000).isOk()).isTrue();
        }
    }

    @Test
    void shouldKeepWhatTheSecondStageOfANestedTranslationRefuses() {
        try (VtdBench b = bench(true, 1)) {
            long second = b.page();
            long first = b.page();
            b.words(b.pasid(SOURCE, 0), second | 3 << 6 | 2 << 2 | 1, VtdBench.PWSNP | 5, first);
            b.entry(first, 0x5000, 0);
            for (long at = first; at < first + 0x8000; at += 0x1000) {
                b.map(second, at, at, 3);
            }
            b.map(first, 0x5000, 0x7_0000, 7);
            assertThat(b.read(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.SM_SECOND_STAGE_NOT_PRESENT);
            b.map(second, 0x7_0000, VtdBench.DATA, 3);

            assertThat(b.read(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.SM_SECOND_STAGE_NOT_PRESENT);
            b.descriptor(6 | 2 << 4 | DOMAIN_5, 0);
            assertThat(b.read(SOURCE, 0x5000).isOk())
                    .as("first-stage invalidation")
                    .isFalse();
            b.descriptor(IOTLB_PAGE | DOMAIN_5, 0x7_0000);
            assertThat(b.read(SOURCE, 0x5000).address()).isEqualTo(VtdBench.DATA);
        }
    }

    @Test
    void shouldKeepAPasidEntryThatIsNotPresentInDomain0() {
        try (VtdBench b = bench(true, 1)) {
            b.pasid(SOURCE, 9);
            assertThat(b.access(SOURCE, 9, 0x5000, Access.READ).rule()).isEqualTo(FaultReason.SM_PASID_NOT_PRESENT);
            b.map(b.scalableSecond(SOURCE, 9, 5), 0x5000, VtdBench.DATA, 3);

            b.descriptor(7 | 1 << 4 | DOMAIN_5 | 9L << 32, 0).descriptor(7 | 1 << 4 | 8L << 32, 0);
            assertThat(b.access(SOURCE, 9, 0x5000, Access.READ).isOk())
                    .as("another domain, another PASID")
                    .isFalse();
            b.descriptor(7 | 1 << 4 | 9L << 32, 0);
            assertThat(b.access(SOURCE, 9, 0x5000, Access.READ).isOk()).isTrue();
        }
    }

    @Test
    void shouldAnswerTranslationRequestsFromWhatIsKept() {
        try (VtdBench b = bench(true, 1)) {
            b.pasid(SOURCE, 0);
            TranslationCompletion c = new TranslationCompletion();
            Transaction t = new Transaction().set(SOURCE, Transaction.NO_SUBSTREAM, 0x5000, Access.READ);
            b.unit.requestTranslation(t, c);
            b.map(b.scalableSecond(SOURCE, 0, 5), 0x5000, VtdBench.DATA, 3);

            b.unit.requestTranslation(t, c);
            assertThat(c.status()).isEqualTo(TranslationCompletion.Status.SUCCESS);
            assertThat(c.rule()).isEqualTo(FaultReason.SM_PASID_NOT_PRESENT);
            t.set(SOURCE, Transaction.NO_SUBSTREAM, 0xFEE0_0000L, Access.WRITE);
            b.unit.requestTranslation(t, c);
            assertThat(c.rule()).as("the window comes first").isNull();
            b.descriptor(7 | 3 << 4, 0);
            t.set(SOURCE, Transaction.NO_SUBSTREAM, 0x5000, Access.READ);
            b.unit.requestTranslation(t, c);
            assertThat(c.address()).isEqualTo(VtdBench.DATA);
        }
    }

    @Test
    void shouldKeepInterruptEntriesThatAreNotPresent() {
        try (VtdBench b = bench(true, 0)) {
            b.command(VtdBench.QIE | VtdBench.TE | VtdBench.IRE);
            b.unit.remapInterrupt(SOURCE, 0xFEE0_0010L, 0);
            b.words(VtdBench.INTERRUPTS, 0x1200_0041_0021L, 0);

            assertThat(b.unit.remapInterrupt(SOURCE, 0xFEE0_0010L, 0)).isNull();
            b.descriptor(0x14, 0);
            assertThat(b.unit.remapInterrupt(SOURCE, 0xFEE0_0010L, 0)).isNotNull();
        }
    }

    @Test
    void shouldKeepNothingOfItWithoutTheMode() {
        try (VtdBench b = bench(false, 1)) {
            b.command(VtdBench.QIE | VtdBench.TE | VtdBench.IRE);
            b.pasid(SOURCE, 0);
            b.read(SOURCE, 0x5000);
            b.unit.remapInterrupt(SOURCE, 0xFEE0_0010L, 0);
            long tables = b.scalableSecond(SOURCE, 0, 5);
            b.read(SOURCE, 0x5000);
            b.map(tables, 0x5000, VtdBench.DATA, 3);
            b.words(VtdBench.INTERRUPTS, 0x1200_0041_0021L, 0);

            assertThat(b.read(SOURCE, 0x5000).isOk()).isTrue();
            assertThat(b.unit.remapInterrupt(SOURCE, 0xFEE0_0010L, 0)).isNotNull();
        }
    }
}
