// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
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
 * Random features, tables, sources and requests: outcome, fault record and table entries afterwards are those of {@link
 * ReferenceVtd}, which has no caches. {@code -Dseed=N} runs one seed alone.
 */
class DifferentialTest {
    private static final int ROUNDS = 3;
    private static final int REQUESTS = 40;
    private static final int FEW_SCENES = 1_500;
    private static final int MANY_SCENES = 20_000;

    /** What every run must have come across at least, so that agreement says something; each code stands for _. */
    private static final String[] MET = {
        "INTERRUPT ABORT _: 20 21 22 24 25 26 29 2a 2b",
        "INTERRUPT ABORT _ silent: 22 26",
        "INTERRUPT OK",
        "REQUEST CA _: 03 08 09 0a 0b 0c 0e 30 38 3a 40 42 43 50 52 58 5a 5b 7a 7c 87",
        "REQUEST SUCCESS 0",
        "REQUEST SUCCESS 0 _ silent: 04 05 06 51 59 5c 5d 71 72 73 75 77 79 80 81 83 84 90",
        "REQUEST SUCCESS 1",
        "REQUEST SUCCESS 2",
        "REQUEST SUCCESS 3",
        "REQUEST SUCCESS 6",
        "REQUEST UR",
        "REQUEST UR _: 01 02 0d 31 33 34 39 41 44 45 46 48 89",
        "TRANSLATED ABORT",
        "TRANSLATED ABORT _: 01 02 03 04 08 09 0a 0b 0d 0e 30 31 33 34 38 39 3a 40 41 42 43 44 49 83 87",
        "TRANSLATED OK",
        "UNTRANSLATED ABORT",
        "UNTRANSLATED ABORT _: 01 02 03 04 05 06 07 08 09 0a 0b 0c 0e 29 30 31 33 34 38 39 3a 40 41 42 43 45 46 48 50 51 "
                + "52 58 59 5a 5b 5c 5d 71 72 73 75 76 77 78 79 7a 7b 7c 80 81 83 84 85 86 87 89 90",
        "UNTRANSLATED ABORT _ silent: 02 03 04 05 06 0b 0c 0e 41 42 43 45 46 48 51 52 59 5a 5b 5c 5d 71 72 75 77 79 7a 7c 80 81 "
                + "83 84 85 86 87 89 90",
        "UNTRANSLATED OK",
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

    private static void run(long seed, int scenes, boolean cached) {
        Map<String, Integer> outcomes = new TreeMap<>();
        for (int i = 0; i < scenes; i++) {
            try (Comparison c = comparison(seed, i, cached, outcomes)) {
                assertThat(c.run(ROUNDS, REQUESTS))
                        .as("seed %d, scene %d, %s", seed, i, cached ? "from caches" : "after invalidation")
                        .isNull();
            }
        }
        assertThat(outcomes.keySet()).as("what was met").contains(met());
    }

    private static String[] met() {
        List<String> all = new ArrayList<>();
        for (String line : MET) {
            String[] parts = line.split(": ");
            for (String code : parts.length == 1 ? new String[] {""} : parts[1].split(" ")) {
                all.add(parts[0].replace("_", code));
            }
        }
        return all.toArray(String[]::new);
    }

    /** A scene of a seed. */
    static Comparison comparison(long seed, int scene, boolean cached, Map<String, Integer> outcomes) {
        return new Comparison(seed * 1_000_003 + scene, CACHES.get(scene % CACHES.size()), cached, outcomes);
    }
}
