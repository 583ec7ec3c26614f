// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressTranslationCacheTest {
    private static final int NONE = Transaction.NO_SUBSTREAM;

    private final AddressTranslationCache atc =
            new AddressTranslationCache("ATC", CacheGeometry.fullyAssociative(8, ReplacementPolicy.LRU));

    private static Transaction access(int stream, int pasid, long address, int access) {
        return new Transaction().set(stream, pasid, address, access);
    }

    private static TranslationCompletion page(long address, int shift, boolean write, boolean execute) {
        TranslationCompletion c = new TranslationCompletion();
        c.success(address, shift, true, write, execute, false);
        return c;
    }

    private boolean finds(Transaction t) {
        return atc.lookup(t) >= 0;
    }

    @Test
    void shouldFindAnyAddressInPagesOfAnySize() {
        atc.fill(access(1, NONE, 0x20_1234, Access.READ), page(0x4000_0000, 21, true, false), 5);
        atc.fill(access(1, NONE, 0x1000, Access.READ), page(0x7000, 12, true, false), 6);

        int large = atc.lookup(access(1, NONE, 0x3F_FFFF, Access.READ));
        assertThat(atc.output(large, 0x3F_FFFF)).isEqualTo(0x401F_FFFF);
        assertThat(atc.ready(large)).isEqualTo(5);
        int small = atc.lookup(access(1, NONE, 0x1FFF, Access.READ));
        assertThat(atc.output(small, 0x1FFF)).isEqualTo(0x7FFF);
        assertThat(finds(access(1, NONE, 0x40_0000, Access.READ))).isFalse();
        assertThat(finds(access(2, NONE, 0x1000, Access.READ))).isFalse();
        assertThat(finds(access(1, 0, 0x1000, Access.READ))).isFalse();
    }

    @Test
    void shouldFindOnlyWhatIsAllowed() {
        atc.fill(access(1, 3, 0x1000, Access.READ), page(0x7000, 12, false, false), 0);

        assertThat(finds(access(1, 3, 0x1000, Access.READ))).isTrue();
        assertThat(finds(access(1, 3, 0x1000, Access.WRITE))).isFalse();
        assertThat(finds(access(1, 3, 0x1000, Access.ATOMIC))).isFalse();
        assertThat(finds(access(1, 3, 0x1000, Access.INSTRUCTION))).isFalse();
        assertThat(finds(access(1, 3, 0x1000, Access.PRIVILEGED)))
                .as("nothing follows for privileged mode")
                .isFalse();
        assertThat(atc.cache().counters().misses()).isEqualTo(4);
    }

    @ParameterizedTest(
            name = "page {1} of 2^{2} bytes, PASID {0}; invalidation: PASID {3}, global {4}, {5} of 2^{6} bytes")
    @CsvSource({
        // The fact sheet, 7.1: without a PASID every PASID, with one that PASID, with Global every one again; any
        // overlap drops.
        "-1, 5000, 12, -1, false, 5000, 12, true",
        "-1, 5000, 12, -1, false, 4000, 12, false",
        "-1, 5000, 12, -1, false, 4000, 13, true",
        "-1, 5000, 12, -1, false, 0, 64, true",
        "-1, 200000, 21, -1, false, 3ff000, 12, true",
        "-1, 200000, 21, -1, false, 400000, 12, false",
        "7, 5000, 12, -1, false, 5000, 12, true",
        "7, 5000, 12, 7, false, 5000, 12, true",
        "7, 5000, 12, 6, false, 5000, 12, false",
        "7, 5000, 12, 6, true, 5000, 12, true",
        "-1, 5000, 12, 0, false, 5000, 12, false",
        "fffff, fffffffffffff000, 12, fffff, false, fffffffffffff000, 12, true",
    })
    void shouldDropWhatAnInvalidationMeans(
            String pasid, String page, int shift, String other, boolean global, String first, int log2, boolean drops) {
        Transaction t = access(0xFFFF_FFF0, number(pasid), Long.parseUnsignedLong(page, 16), Access.READ);
        atc.fill(t, page(0x4000_0000, shift, true, false), 90);

        long until = atc.invalidate(
                new AtcInvalidation(0, 0xFFFF_FFF0, number(other), global, Long.parseUnsignedLong(first, 16), log2));

        assertThat(finds(t)).isEqualTo(!drops);
        assertThat(until).isEqualTo(drops ? 90 : 0);
    }

    private static int number(String hex) {
        return Integer.parseInt(hex, 16);
    }

    @Test
    void shouldLeaveOtherStreamsAlone() {
        Transaction t = access(1, NONE, 0x5000, Access.READ);
        atc.fill(t, page(0x7000, 12, true, false), 0);

        atc.invalidate(new AtcInvalidation(0, 2, NONE, false, 0, 64));

        assertThat(finds(t)).isTrue();
    }
}
