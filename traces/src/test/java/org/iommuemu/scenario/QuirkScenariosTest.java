// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.scenario.ScenarioResult.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Where a recorded scenario may differ because its model departs from the architecture, one of ours says what is right. */
class QuirkScenariosTest {
    private static final List<String> RECORDED = List.of(
            "smmuv3-public.jsonl.zst",
            "smmuv3-v10-public.jsonl.zst",
            "smmuv3-s2-public.jsonl.zst",
            "smmuv3-nested-public.jsonl.zst");
    private static final Path OURS = Path.of("scenarios", "smmuv3-quirks.jsonl");
    private static final Pattern QUIRK = Pattern.compile("QUIRK ([a-z0-9-]+):");

    private static Set<String> recordedQuirks() {
        Set<String> ids = new TreeSet<>();
        for (String file : RECORDED) {
            ScenarioFile.forEachLine(Path.of("scenarios", file), (line, text) -> {
                Matcher quirk = QUIRK.matcher(text);
                while (quirk.find()) {
                    ids.add(quirk.group(1));
                }
            });
        }
        return ids;
    }

    static Stream<CacheConfiguration> caches() {
        CacheGeometry tiny = CacheGeometry.of(1, 2, ReplacementPolicy.RANDOM);
        return Stream.of(
                CacheConfiguration.standard(),
                CacheConfiguration.none(),
                CacheConfiguration.uniform(tiny).withContiguousHonoured(true));
    }

    @Test
    void shouldHaveAScenarioForEveryRecordedQuirk() {
        Set<String> named = Scenario.readAll(OURS).stream()
                .map(s -> s.name().substring(0, s.name().indexOf(": ")))
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(recordedQuirks()).hasSize(45).isEqualTo(named);
    }

    @ParameterizedTest
    @MethodSource("caches")
    void shouldDoAsTheArchitectureSaysWhateverTheCaches(CacheConfiguration caches) {
        ScenarioRunner runner = new ScenarioRunner(caches);

        assertThat(Scenario.readAll(OURS).stream().map(runner::run))
                .isNotEmpty()
                .allSatisfy(r -> assertThat(r.status()).as(r.text()).isEqualTo(Status.PASSED));
    }

    @Test
    void shouldTellEveryScenarioByItsName() {
        List<String> names = Stream.of("smmuv3-quirks.jsonl", "smmuv3-faults.jsonl", "smmuv3-faults-more.jsonl")
                .flatMap(file -> Scenario.readAll(Path.of("scenarios", file)).stream())
                .map(Scenario::name)
                .toList();

        assertThat(names).doesNotHaveDuplicates();
    }
}
