// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.scenario.ScenarioResult.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The scenarios in scenarios/, recorded ones and our own: none fails, whatever the caches. */
class ScenarioFilesTest {
    private static List<ScenarioResult> run(String file, CacheConfiguration caches) {
        ScenarioRunner runner = new ScenarioRunner(caches);
        return Scenario.readAll(Path.of("scenarios", file)).stream()
                .map(runner::run)
                .toList();
    }

    private static long count(List<ScenarioResult> results, Status status) {
        return results.stream().filter(r -> r.status() == status).count();
    }

    private static List<String> failures(List<ScenarioResult> results) {
        return results.stream()
                .filter(r -> r.status() == Status.FAILED)
                .map(ScenarioResult::text)
                .toList();
    }

    @ParameterizedTest
    @CsvSource({
        "smmuv3-public.jsonl.zst, 605, 103",
        "smmuv3-v10-public.jsonl.zst, 196, 29",
        "smmuv3-s2-public.jsonl.zst, 217, 71",
        "smmuv3-nested-public.jsonl.zst, 201, 29",
        "smmuv3-faults.jsonl, 126, 0",
        "smmuv3-faults-more.jsonl, 527, 0",
        "smmuv3-quirks.jsonl, 319, 0",
        "smmuv3-devices.jsonl, 147, 0",
        "smmuv3-stale.jsonl, 28, 0",
        "vtd-stale.jsonl, 82, 0",
        "vtd-public.jsonl.zst, 542, 70",
        "vtd-flts-public.jsonl.zst, 251, 79",
        "vtd-faults.jsonl, 580, 0",
        "smmuv3-ats.jsonl, 54, 0",
        "smmuv3-pri.jsonl, 38, 0",
        "smmuv3-inject.jsonl, 43, 0",
        "vtd-ats.jsonl, 42, 0",
        "vtd-pri.jsonl, 23, 0",
        "vtd-inject.jsonl, 23, 0"
    })
    void shouldPassEveryScenarioThatIsNotExcused(String file, long passed, long skipped) {
        List<ScenarioResult> results = run(file, CacheConfiguration.standard());

        assertThat(failures(results)).isEmpty();
        assertThat(count(results, Status.PASSED)).isEqualTo(passed);
        assertThat(count(results, Status.SKIPPED)).isEqualTo(skipped);
    }

    @ParameterizedTest
    @CsvSource({
        "smmuv3-public.jsonl.zst",
        "smmuv3-v10-public.jsonl.zst",
        "smmuv3-s2-public.jsonl.zst",
        "smmuv3-nested-public.jsonl.zst",
        "smmuv3-faults.jsonl",
        "smmuv3-faults-more.jsonl",
        "smmuv3-quirks.jsonl",
        "smmuv3-devices.jsonl",
        "vtd-public.jsonl.zst",
        "vtd-flts-public.jsonl.zst",
        "vtd-faults.jsonl"
    })
    void shouldFailNoneWithoutCachesOrWithTinyOnes(String file) {
        CacheGeometry tiny = CacheGeometry.of(1, 2, ReplacementPolicy.RANDOM);

        assertThat(failures(run(file, CacheConfiguration.none()))).isEmpty();
        assertThat(failures(run(file, CacheConfiguration.uniform(tiny).withContiguousHonoured(true))))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "smmuv3-public.jsonl.zst, 605, 103, 3600",
        "smmuv3-v10-public.jsonl.zst, 196, 29, 1294",
        "smmuv3-s2-public.jsonl.zst, 217, 71, 1200",
        "smmuv3-nested-public.jsonl.zst, 201, 29, 1135",
        "smmuv3-faults.jsonl, 126, 0, 100",
        "smmuv3-faults-more.jsonl, 527, 0, 2700",
        "smmuv3-quirks.jsonl, 319, 0, 400",
        "smmuv3-devices.jsonl, 147, 0, 9",
        "vtd-public.jsonl.zst, 542, 70, 2581",
        "vtd-flts-public.jsonl.zst, 251, 79, 1100",
        "vtd-faults.jsonl, 580, 0, 600"
    })
    void shouldGoTheSameWithEduDevices(String file, long passed, long skipped, int dmas) {
        ScenarioRunner runner = new ScenarioRunner(CacheConfiguration.standard());
        DeviceTally tally = new DeviceTally();
        runner.useEduDevices(tally);

        List<ScenarioResult> results = Scenario.readAll(Path.of("scenarios", file)).stream()
                .map(runner::run)
                .toList();

        assertThat(failures(results)).isEmpty();
        assertThat(count(results, Status.PASSED)).isEqualTo(passed);
        assertThat(count(results, Status.SKIPPED)).isEqualTo(skipped);
        assertThat(tally.dmas()).isGreaterThanOrEqualTo(dmas);
    }

    @Test
    void shouldEndInAnArchitectedOutcomeWhicheverAccessFails() {
        ScenarioRunner runner = new ScenarioRunner(CacheConfiguration.standard());
        List<FailNthResult> results = Stream.of(
                        "smmuv3-faults.jsonl",
                        "smmuv3-faults-more.jsonl",
                        "smmuv3-quirks.jsonl",
                        "smmuv3-devices.jsonl",
                        "vtd-faults.jsonl")
                .flatMap(file -> Scenario.readAll(Path.of("scenarios", file)).stream())
                .map(runner::failNth)
                .toList();

        assertThat(results.stream().flatMap(r -> r.unspecified().stream())).isEmpty();
        assertThat(results.stream().mapToInt(FailNthResult::runs).sum()).isGreaterThan(12_000);
        assertThat(results.stream().flatMap(r -> r.outcomes().keySet().stream()))
                .contains("CERROR_ABT", "EVENTQ_ABT_ERR", "F_STE_FETCH", "F_CD_FETCH", "F_WALK_EABT", "MSI abort")
                .contains("PRIQ_ABT_ERR", "PRG response: failure", "CA", "ATOS fault")
                .contains("8h", "9h", "3h", "7h", "38h", "40h", "50h", "58h", "70h", "73h", "78h", "7bh")
                .contains("IQE, IQEI 2", "PRO", "page request refused");
    }

    @Test
    void shouldFindStaleTranslationsWhereScenariosExpectThemAndNowhereElse() {
        ScenarioRunner runner = new ScenarioRunner(CacheConfiguration.standard());
        runner.detectStale();
        List<ScenarioResult> results = Stream.of(
                        "smmuv3-stale.jsonl",
                        "vtd-stale.jsonl",
                        "smmuv3-faults.jsonl",
                        "smmuv3-faults-more.jsonl",
                        "smmuv3-devices.jsonl",
                        "smmuv3-quirks.jsonl")
                .flatMap(file -> Scenario.readAll(Path.of("scenarios", file)).stream())
                .map(runner::run)
                .toList();

        assertThat(failures(results)).isEmpty();
        assertThat(runner.stale()).isEmpty();
        assertThat(count(results, Status.PASSED)).isGreaterThan(600);
    }

    @Test
    void shouldFindStaleTranslationsWithoutAConfigurationCache() {
        CacheConfiguration caches = CacheConfiguration.standard().withConfiguration(CacheGeometry.none());
        ScenarioRunner runner = new ScenarioRunner(caches);
        runner.detectStale();

        List<ScenarioResult> results = Scenario.readAll(Path.of("scenarios", "smmuv3-stale.jsonl")).stream()
                .map(runner::run)
                .toList();

        assertThat(failures(results)).isEmpty();
        assertThat(runner.stale()).isEmpty();
    }

    @Test
    void shouldReportStaleTranslationsOfAScenarioThatFailsLater() {
        Scenario first =
                Scenario.readAll(Path.of("scenarios", "smmuv3-stale.jsonl")).get(0);
        List<Step> steps = new ArrayList<>(first.steps());
        steps.removeIf(DeviceStep.ExpectStale.class::isInstance);
        byte[] never = {(byte) 0xFF};
        steps.add(new Step.MemoryExpect(0x2000_0000L, never, never));
        ScenarioRunner runner = new ScenarioRunner(CacheConfiguration.standard());
        runner.detectStale();

        ScenarioResult result = runner.run(first.withSteps(steps));

        assertThat(result.status()).isEqualTo(Status.FAILED);
        assertThat(runner.stale()).singleElement().asString().contains("stream 0x1 0x5000");
    }

    @Test
    void shouldReportStaleTranslationsThatNobodyExpects() {
        Scenario first =
                Scenario.readAll(Path.of("scenarios", "smmuv3-stale.jsonl")).get(0);
        List<Step> steps = first.steps().stream()
                .filter(step -> !(step instanceof DeviceStep.ExpectStale))
                .toList();
        ScenarioRunner runner = new ScenarioRunner(CacheConfiguration.standard());
        runner.detectStale();

        runner.run(first.withSteps(steps));

        assertThat(runner.stale())
                .singleElement()
                .asString()
                .contains("105 unmap without TLBI, then DMA")
                .contains("stream 0x1 0x5000, VMID 0 ASID 1: used 0x20000000, tables say no access")
                .contains("no invalidation since the change");
    }
}
