// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A stalled transaction ends exactly once, and no record is lost unseen, over random programs. */
class StallInvariantsTest {
    private static final int STEPS = 100;
    private static final int PROGRAMS = Integer.getInteger("invariants.programs", 5_000);
    private static final int MANY = Integer.getInteger("invariants.programs.long", 500_000) / 2;

    private static @Nullable Violation run(List<Step<StallWorld>> steps, StallWorld.Hearing hearing) {
        try (StallWorld w = new StallWorld(hearing)) {
            steps.forEach(s -> s.run(w));
            w.finish();
            return null;
        } catch (Violation v) {
            return v;
        } catch (RuntimeException e) {
            return new Violation(e);
        }
    }

    private static List<Step<StallWorld>> shrink(
            List<Step<StallWorld>> steps, Violation violation, StallWorld.Hearing hearing) {
        return new Shrinker<Step<StallWorld>>(s -> {
                    Violation v = run(s, hearing);
                    return v != null && v.invariant() == violation.invariant();
                })
                .shrink(steps);
    }

    private static void check(long first, int count) {
        for (long seed = first; seed < first + count; seed++) {
            List<Step<StallWorld>> steps = StallSteps.random(seed, STEPS);
            Violation v = run(steps, StallWorld.Hearing.GOOD);
            if (v != null) {
                throw new AssertionError(
                        "seed " + seed + ": " + v.getMessage() + "\n"
                                + shrink(steps, v, StallWorld.Hearing.GOOD).stream()
                                        .map(Step::asJava)
                                        .collect(Collectors.joining(",\n")),
                        v);
            }
        }
    }

    @Test
    void shouldEndEachStalledTransactionOnce() {
        check(0, PROGRAMS);
    }

    @Test
    @Tag("slow")
    void shouldEndEachOfManyMoreStalledTransactionsOnce() {
        check(1_000_000_000L, MANY);
    }

    @ParameterizedTest
    @EnumSource(value = StallWorld.Hearing.class, mode = EnumSource.Mode.EXCLUDE, names = "GOOD")
    void shouldFindWhatHearsBadly(StallWorld.Hearing hearing) {
        List<Step<StallWorld>> failing = List.of();
        Violation found = null;
        for (long seed = 0; found == null && seed < PROGRAMS; seed++) {
            failing = StallSteps.random(seed, STEPS);
            found = run(failing, hearing);
        }

        Violation violation = Objects.requireNonNull(found, "is not found");
        assertThat(violation.invariant()).isEqualTo(Invariant.ONE_END_OF_A_STALL);
        // It hears the fifth end badly, so five transactions must stall, and end.
        assertThat(shrink(failing, violation, hearing)).hasSizeLessThanOrEqualTo(6);
    }
}
