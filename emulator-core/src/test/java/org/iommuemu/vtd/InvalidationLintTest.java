// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the lint finds in invalidation descriptors, and in what they leave in devices and of interrupts (6.5). */
class InvalidationLintTest {
    private static final int SOURCE = 5;
    private static final long PAGE = 0x5000;
    private static final long IOTLB_PAGE = 2 | 3 << 4 | 3 << 16;
    private static final long DEVICE_TLB = 3 | (long) SOURCE << 32;
    private static final long MESSAGE = 0xFEE0_0010L;

    private final LintedUnit u = LintedUnit.with(new VtdFeatures(
            0x50,
            LintedUnit.features(0, 0).cap() & ~Capability.ND.mask() | Capability.ND.of(2),
            LintedUnit.features(0, 0).ecap() & ~(ExtendedCapability.PSS.mask() | ExtendedCapability.MHMV.mask())
                    | ExtendedCapability.PSS.of(7)
                    | ExtendedCapability.MHMV.of(4)));
    private final VtdBench b = u.b;

    @AfterEach
    void close() {
        b.close();
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource({
        "0x01000021, 0, descriptor-domain-range context-cache invalidate",
        "0x01000011, 0, ''",
        "0x01000022, 0, descriptor-domain-range IOTLB invalidate",
        "0x00FF0022, 0, ''",
        "0x01000026, 0, descriptor-domain-range PASID-based IOTLB invalidate",
        "0x01000017, 0, descriptor-domain-range PASID-cache invalidate",
        "0x01000037, 0, ''",
        "0x0000010000030026, 0, descriptor-pasid-range PASID-based IOTLB invalidate",
        "0x0000010000030017, 0, descriptor-pasid-range PASID-cache invalidate",
        "0x000000FF00030017, 0, ''",
        "0x0000010000000037, 0, ''",
        "0x00000012, 0x5000, descriptor-address-ignored IOTLB invalidate",
        "0x00030022, 2, descriptor-address-ignored IOTLB invalidate",
        "0x00030026, 0x40, descriptor-address-ignored PASID-based IOTLB invalidate",
        "0x00030032, 0x5001, ''",
        "0x00030032, 0x4002, ''",
        "0x00030032, 0x6002, ''",
        "0x00030036, 0x7001, ''",
        "0x0000000500000003, 0xFFFFFFFFFFFFF001, device-tlb-range device-TLB invalidate",
        "0x0000000500000003, 0x7FFFFFFFFFFFF001, ''",
        "0x0000000208000014, 0, ''",
        "0x0000000108000014, 0, interrupt-index-alignment interrupt-entry-cache invalidate",
        "0x0000000028000014, 0, interrupt-mask-range interrupt-entry-cache invalidate",
        "0x0000000100000025, 0xFEE00000, wait-status-address invalidation wait",
        "0x0000000100000025, 0x10000000000000, wait-status-address invalidation wait",
        "0x0000000000000015, 0xFEE00000, ''",
    })
    void shouldFindWhatIsWrongWithADescriptor(String word0, String word1, String found) {
        b.startProperly(1);
        b.descriptor(
                Long.parseUnsignedLong(word0.substring(2), 16),
                Long.parseUnsignedLong(word1.startsWith("0x") ? word1.substring(2) : word1, 16));

        assertThat(String.join(", ", u.ids())).isEqualTo(found);
    }

    private long deviceWithTranslations() {
        b.startProperly(0);
        long tables = b.second(SOURCE, 3);
        b.memory.writeLong(b.legacyContext(SOURCE), tables | 1 << 2 | 1);
        b.map(tables, PAGE, VtdBench.DATA, 3);
        u.lint.requestTranslation(
                new Transaction().set(SOURCE, Transaction.NO_SUBSTREAM, PAGE, Access.READ),
                new TranslationCompletion());
        return tables;
    }

    private void useTranslated() {
        u.lint.forwardTranslated(
                new Transaction().set(SOURCE, Transaction.NO_SUBSTREAM, VtdBench.DATA + 8, Access.READ), new Verdict());
    }

    @Test
    void shouldFindTranslationsThatAreLeftInADevice() {
        b.map(deviceWithTranslations(), PAGE, 0, 0);
        b.descriptor(IOTLB_PAGE, PAGE).await();
        useTranslated();
        assertThat(u.ids()).as("software may still be about to").isEmpty();
        b.await();
        useTranslated();

        assertThat(u.ids()).containsExactly("device-tlb-not-invalidated source 0x5 page 0x5000");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"0x5000", "0x7FFFFFFFFFFFF001", "0x4001"})
    void shouldFindNothingWhereTheDeviceIsInvalidated(String range) {
        deviceWithTranslations();
        b.descriptor(IOTLB_PAGE, PAGE)
                .await()
                .descriptor(DEVICE_TLB, Long.decode(range))
                .await();
        useTranslated();

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldFindADeviceOfWhichOtherPagesAreInvalidated() {
        deviceWithTranslations();
        b.descriptor(IOTLB_PAGE, PAGE).await().descriptor(DEVICE_TLB, 0x6000).await();
        useTranslated();

        assertThat(u.ids()).containsExactly("device-tlb-not-invalidated source 0x5 page 0x5000");
    }

    private long interruptInUse() {
        b.startProperly(0);
        b.words(VtdBench.INTERRUPTS, 0x0000_0100_0030_0001L, 0);
        assertThat(u.lint.remapInterrupt(SOURCE, MESSAGE, 0)).isNotNull();
        return VtdBench.INTERRUPTS;
    }

    @Test
    void shouldFindAnIrteThatChangedWithoutInvalidation() {
        b.memory.writeLong(interruptInUse(), 0);
        u.lint.remapInterrupt(SOURCE, MESSAGE, 0);

        assertThat(u.ids()).containsExactly("irte-not-invalidated IRTE 0x0 at 0x300000");
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({"0x4, true", "0x14, true", "0x0000000100000014, false", "0x0000000008000014, true"})
    void shouldFollowWhichIrtesAreInvalidated(String word, boolean named) {
        b.memory.writeLong(interruptInUse(), 0x0000_0200_0031_0001L);
        b.descriptor(Long.decode(word), 0).await();
        u.lint.remapInterrupt(SOURCE, MESSAGE, 0);

        assertThat(u.ids().isEmpty()).isEqualTo(named);
    }

    @Test
    void shouldFindAnIrteWhoseInvalidationIsNotWaitedFor() {
        b.memory.writeLong(interruptInUse(), 0x0000_0200_0031_0001L);
        b.descriptor(4, 0);
        u.lint.remapInterrupt(SOURCE, MESSAGE, 0);

        assertThat(u.ids()).containsExactly("invalidation-not-waited IRTE 0x0 at 0x300000");
    }

    @Test
    void shouldFindAnIrteThatChangesWordByWord() {
        long at = interruptInUse();
        b.memory.writeLong(at, 0x0000_0200_0031_0001L);
        b.memory.writeLong(at + 8, 1 << 18 | SOURCE);

        assertThat(u.ids()).containsExactly("irte-update-order IRTE 0x0 at 0x300000");
    }
}
