// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every page request group that expects a response gets exactly one, over random programs. */
class PageRequestInvariantsTest {
    private static final int STEPS = 100;
    private static final int PROGRAMS = Integer.getInteger("invariants.programs", 5_000) / 5;
    private static final int MANY = Integer.getInteger("invariants.programs.long", 500_000) / 10;
    private static final int FEW = 10;

    private static @Nullable Violation run(
            Setting setting, List<Step<PageRequestWorld>> steps, boolean repeats, Consumer<PageRequestWorld> sabotage) {
        try (PageRequestWorld w = new PageRequestWorld(setting, repeats)) {
            sabotage.accept(w);
            steps.forEach(s -> s.run(w));
            w.finish();
            return null;
        } catch (Violation v) {
            return v;
        } catch (RuntimeException e) {
            return new Violation(e);
        }
    }

    private static List<Step<PageRequestWorld>> shrink(
            Setting setting,
            List<Step<PageRequestWorld>> steps,
            Violation violation,
            boolean repeats,
            Consumer<PageRequestWorld> sabotage) {
        return new Shrinker<Step<PageRequestWorld>>(s -> {
                    Violation v = run(setting, s, repeats, sabotage);
                    return v != null && v.invariant() == violation.invariant();
                })
                .shrink(steps);
    }

    private static void check(Setting.Architecture architecture, long first, int count) {
        Setting setting = new Setting(architecture, 1, false);
        for (long seed = first; seed < first + count; seed++) {
            List<Step<PageRequestWorld>> steps = PageRequestSteps.random(seed, STEPS);
            Violation v = run(setting, steps, false, w -> {});
            if (v != null) {
                throw new AssertionError(
                        "seed " + seed + ", " + setting.asJava() + ": " + v.getMessage() + "\n"
                                + shrink(setting, steps, v, false, w -> {}).stream()
                                        .map(Step::asJava)
                                        .collect(Collectors.joining(",\n")),
                        v);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldAnswerEachGroupOnce(Setting.Architecture architecture) {
        check(architecture, 0, PROGRAMS);
    }

    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    @Tag("slow")
    void shouldAnswerEachOfManyMoreGroupsOnce(Setting.Architecture architecture) {
        check(architecture, 1_000_000_000L, MANY);
    }

    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldFindResponsesThatComeTwice(Setting.Architecture architecture) {
        shouldBeFound(architecture, true, w -> {});
    }

    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldFindResponsesThatSoftwareForgets(Setting.Architecture architecture) {
        shouldBeFound(architecture, false, w -> BrokenDriver.NO_RESPONSE.install(w.machine()));
    }

    /** A request that the IOMMU loses, with neither an overflow nor an automatic response. */
    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldFindRequestsThatAreLostUnseen(Setting.Architecture architecture) {
        shouldBeFound(architecture, false, PageRequestWorld::loseUnseen);
    }

    private static void shouldBeFound(
            Setting.Architecture architecture, boolean repeats, Consumer<PageRequestWorld> sabotage) {
        Setting setting = new Setting(architecture, 1, false);
        List<Step<PageRequestWorld>> steps = PageRequestSteps.random(7, STEPS);

        Violation violation = Objects.requireNonNull(run(setting, steps, repeats, sabotage), "is not found");

        assertThat(violation.invariant()).isEqualTo(Invariant.ONE_RESPONSE);
        // One of seven responses is repeated.
        assertThat(shrink(setting, steps, violation, repeats, sabotage)).hasSizeLessThanOrEqualTo(FEW);
    }
}
