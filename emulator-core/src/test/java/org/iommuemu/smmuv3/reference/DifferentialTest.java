// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.CacheConfiguration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random features, tables, contexts and transactions: verdict, event record and descriptors afterwards are those of {@link
 * ReferenceSmmu}, which has no caches. {@code -Dseed=N} runs one seed alone.
 */
class DifferentialTest {
    private static final int ROUNDS = 3;
    private static final int TRANSACTIONS = 40;
    private static final int FEW_SCENES = 300;
    private static final int MANY_SCENES = 20_000;

    /** What every run must have come across at least, so that agreement says something. */
    private static final String[] MET = {
        "UNTRANSLATED OK",
        "UNTRANSLATED ABORT",
        "UNTRANSLATED RAZ_WI",
        "UNTRANSLATED ABORT 02",
        "UNTRANSLATED ABORT 03",
        "UNTRANSLATED ABORT 04",
        "UNTRANSLATED ABORT 06",
        "UNTRANSLATED ABORT 08",
        "UNTRANSLATED ABORT 09",
        "UNTRANSLATED ABORT 0a",
        "UNTRANSLATED ABORT 0b",
        "UNTRANSLATED ABORT 10",
        "UNTRANSLATED ABORT 11",
        "UNTRANSLATED ABORT 12",
        "UNTRANSLATED ABORT 13",
        "UNTRANSLATED RAZ_WI 10",
        "UNTRANSLATED STALL 10",
        "UNTRANSLATED STALL 11",
        "UNTRANSLATED STALL 12",
        "UNTRANSLATED STALL 13",
        "REQUEST SUCCESS 0",
        "REQUEST SUCCESS 1",
        "REQUEST SUCCESS 3",
        "REQUEST UR",
        "REQUEST UR 05",
        "REQUEST CA",
        "TRANSLATED OK",
        "TRANSLATED ABORT",
        "TRANSLATED ABORT 07",
    };

    private static final List<CacheConfiguration> CACHES = List.of(
            CacheConfiguration.standard(),
            CacheConfiguration.none(),
            CacheConfiguration.uniform(CacheGeometry.of(1, 1, ReplacementPolicy.LRU)),
            CacheConfiguration.uniform(CacheGeometry.of(3, 5, ReplacementPolicy.RANDOM)),
            CacheConfiguration.uniform(CacheGeometry.of(1, 32, ReplacementPolicy.FIFO)));

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("org.iommuemu.bits.Seeds#few")
    void shouldAnswerAsTheReferenceAfterInvalidation(long seed) {
        run(seed, FEW_SCENES, false);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("org.iommuemu.bits.Seeds#few")
    void shouldAnswerAsTheReferenceFromCaches(long seed) {
        run(seed, FEW_SCENES, true);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("org.iommuemu.bits.Seeds#some")
    @Tag("slow")
    void shouldAnswerAsTheReferenceForLong(long seed) {
        run(seed + 1_000, MANY_SCENES, false);
        run(seed + 1_000, MANY_SCENES, true);
    }

    /** Kind, status and event. */
    private static String briefly(String outcome) {
        return outcome.replaceFirst(" S2=.*", "");
    }

    private static void run(long seed, int scenes, boolean cached) {
        Map<String, Integer> outcomes = new TreeMap<>();
        for (int i = 0; i < scenes; i++) {
            try (Comparison c = comparison(seed, i, cached, outcomes)) {
                assertThat(c.run(ROUNDS, TRANSACTIONS))
                        .as("seed %d, scene %d, %s", seed, i, cached ? "from caches" : "after invalidation")
                        .isNull();
            }
        }
        assertThat(outcomes.keySet().stream().map(DifferentialTest::briefly))
                .as("what was met")
                .contains(MET);
    }

    /** A scene of a seed. */
    static Comparison comparison(long seed, int scene, boolean cached, Map<String, Integer> outcomes) {
        return new Comparison(seed * 1_000_003 + scene, CACHES.get(scene % CACHES.size()), cached, outcomes);
    }
}
