// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** PGSNP and SNP: whose accesses are snooped though they ask for the contrary (fact sheet 9, 10.5). */
class SnoopControlTest {
    private static final int SOURCE = 0x18;
    private static final int OTHER = 0x20;
    private static final int DOMAIN = 9;
    private static final long PAGE = 0x5000;
    private static final long PGSNP = 1 << 24;
    private static final int SNP = 1 << 11;

    private static boolean isSnooped(VtdBench b, int source) {
        assertThat(b.read(source, PAGE).isOk()).isTrue();
        return b.read(source, PAGE).attributes() == 1;
    }

    private static boolean isSnoopAsked(VtdBench b, int source) {
        TranslationCompletion c = new TranslationCompletion();
        b.unit.requestTranslation(new Transaction().set(source, Transaction.NO_SUBSTREAM, PAGE, 0), c);
        assertThat(c.isReadable()).isTrue();
        return c.isSnooped();
    }

    /** Lets a source without PASID have tables by which it reads a page; SNP says what its second-stage leaf does. */
    private static void configure(VtdBench b, int type, boolean pgsnp, boolean snp) {
        int leaf = 3 | (snp ? SNP : 0);
        switch (type) {
            case 1 -> b.map(b.first(SOURCE, 0, DOMAIN), PAGE, VtdBench.DATA, 0x67);
            case 2 -> b.map(b.scalableSecond(SOURCE, 0, DOMAIN), PAGE, VtdBench.DATA, leaf);
            case 3 -> {
                long[] tables = b.nested(SOURCE, 0, DOMAIN, 0);
                b.map(tables[0], PAGE, 0x7000, 0x67).map(tables[1], 0x7000, VtdBench.DATA, leaf);
                for (int height = 3; height >= 0; height--) {
                    long table = b.entry(tables[0], PAGE, height) & -0x1000L;
                    b.map(tables[1], table, table, 3);
                }
            }
            default -> b.words(b.pasid(SOURCE, 0), 4 << 6 | 1, DOMAIN);
        }
        long second = b.pasid(SOURCE, 0) + 8;
        b.memory.writeLong(second, b.memory.readLong(second) | (pgsnp ? PGSNP : 0));
    }

    @ParameterizedTest(name = "PGTT {0}, PGSNP {1}, SNP {2}: {3}")
    @CsvSource({
        "1, false, false, false",
        "1, true, false, true",
        "2, false, false, false",
        "2, false, true, true",
        "2, true, false, true",
        "2, true, true, true",
        "3, false, false, false",
        "3, false, true, true",
        "3, true, false, true",
        "4, false, false, false",
        "4, true, false, true"
    })
    void shouldSnoopWhatEitherEntryForces(int type, boolean pgsnp, boolean snp, boolean snooped) {
        for (CacheConfiguration caches :
                new CacheConfiguration[] {CacheConfiguration.standard(), CacheConfiguration.none()}) {
            try (VtdBench b = new VtdBench(VtdFeatures.full(), caches).start(1)) {
                configure(b, type, pgsnp, snp);

                assertThat(isSnooped(b, SOURCE)).isEqualTo(snooped);
                assertThat(isSnoopAsked(b, SOURCE)).as("N").isEqualTo(snooped);
            }
        }
    }

    @Test
    void shouldKeepPagesOfSourcesApartThatShareADomain() {
        try (VtdBench b = VtdBench.scalable()) {
            long tables = b.scalableSecond(SOURCE, 0, DOMAIN);
            b.map(tables, PAGE, VtdBench.DATA, 3);
            b.words(b.pasid(OTHER, 0), tables | 2 << 6 | 2 << 2 | 1, DOMAIN | VtdBench.PWSNP | PGSNP);

            assertThat(isSnooped(b, SOURCE)).isFalse();
            assertThat(isSnooped(b, OTHER)).isTrue();
            assertThat(isSnooped(b, SOURCE)).isFalse();
            assertThat(isSnoopAsked(b, SOURCE)).isFalse();
            assertThat(isSnoopAsked(b, OTHER)).isTrue();
            assertThat(b.unit.unit().walker().walks()).as("by one IOTLB entry").isEqualTo(1);
        }
    }

    @Test
    void shouldSnoopByTheLeafAloneInLegacyMode() {
        try (VtdBench b = VtdBench.legacy()) {
            b.map(b.second(SOURCE, DOMAIN), PAGE, VtdBench.DATA, 3 | SNP);
            b.map(b.second(OTHER, DOMAIN + 1), PAGE, VtdBench.DATA, 3);

            assertThat(isSnooped(b, SOURCE)).isTrue();
            assertThat(isSnooped(b, OTHER)).isFalse();
        }
    }

    @Test
    void shouldRefuseWhatAUnitWithoutSnoopControlCannotForce() {
        VtdFeatures full = VtdFeatures.full();
        VtdFeatures without = new VtdFeatures(full.ver(), full.cap(), ExtendedCapability.SC.set(full.ecap(), 0));
        try (VtdBench b = new VtdBench(without, CacheConfiguration.standard()).start(1)) {
            configure(b, 1, true, false);

            b.read(SOURCE, PAGE);

            assertThat(b.faults()).containsExactly("5a read 18 at 5000");
        }
    }
}
