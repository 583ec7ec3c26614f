// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Every benchmark, once and small: what it checks at the end of a trial must hold. */
class SuiteTest {
    static List<String> smoke() {
        return Profile.SMOKE.lines();
    }

    @ParameterizedTest
    @MethodSource("smoke")
    void shouldCountWhatItClaimsToMeasure(String line) throws RunnerException {
        Options once = new OptionsBuilder()
                .parent(Profile.options(line))
                .mode(Mode.SingleShotTime)
                .forks(0)
                .warmupIterations(0)
                .measurementIterations(1)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build();

        List<RunResult> results = List.copyOf(new Runner(once).run());

        assertThat(results).isNotEmpty();
    }

    @ParameterizedTest
    @MethodSource("profiles")
    void shouldRunEveryBenchmark(Profile profile) {
        Set<String> all = names(".*");

        Set<String> inProfile = new TreeSet<>();
        profile.lines().forEach(line -> inProfile.addAll(names(line.split(" ", 2)[0])));

        assertThat(inProfile).isEqualTo(all);
    }

    static Stream<Profile> profiles() {
        return Stream.of(Profile.values());
    }

    @Test
    void shouldNameBenchmarksByAPatternThatMatchesSome() {
        for (Profile profile : Profile.values()) {
            assertThat(profile.lines())
                    .allSatisfy(line ->
                            assertThat(names(line.split(" ", 2)[0])).as(line).isNotEmpty());
        }
    }

    private static Set<String> names(String pattern) {
        Set<String> names = new TreeSet<>();
        for (BenchmarkListEntry e : BenchmarkList.defaultList()
                .find(
                        OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT),
                        List.of(pattern),
                        List.of())) {
            names.add(e.getUsername());
        }
        return names;
    }
}
