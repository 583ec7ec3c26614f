// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.invariant.Execution.Outcome;
import org.iommuemu.pcie.TlpKind;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The invariants, over random programs. See docs/invariants.md. */
class InvariantsTest {
    private static final int STEPS = 100;
    private static final long SEED = 0x1_0000;
    private static final int PROGRAMS = Integer.getInteger("invariants.programs", 5_000);
    private static final int MANY = Integer.getInteger("invariants.programs.long", 500_000);
    /** None, the standard ones, and two tiny ones out of seeds. */
    private static final long[] CACHES = {0, 1, 2, 3};

    private static Setting setting(Setting.Architecture architecture, long seed, boolean drained) {
        return new Setting(architecture, seed % 8 < 2 ? seed % 8 : seed, drained);
    }

    private static Coverage check(Setting.Architecture architecture, long first, int count, int faults) {
        Coverage coverage = new Coverage();
        for (long seed = first; seed < first + count; seed++) {
            Program p = Program.random(setting(architecture, seed, false), seed, STEPS, faults);
            Violation v = Execution.run(p, w -> {}, coverage).violation();
            if (v != null) {
                throw Failures.report(p, seed, v);
            }
        }
        return coverage;
    }

    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldHoldOverRandomPrograms(Setting.Architecture architecture) {
        check(architecture, SEED, PROGRAMS / 2, 0);
    }

    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldHoldWhateverFails(Setting.Architecture architecture) {
        Coverage coverage = check(architecture, SEED, PROGRAMS / 2, 4);

        // Fewer programs than usual need not reach everything.
        if (PROGRAMS >= 5_000) {
            assertThat(coverage.missing(World.goals(architecture)))
                    .as("never happened; %s", coverage)
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    @Tag("slow")
    void shouldHoldOverManyMoreRandomPrograms(Setting.Architecture architecture) {
        check(architecture, SEED + 1_000_000_000L, MANY, 4);
    }

    /** A page request that waits when page requests are switched off gets its response all the same. */
    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldAnswerPageRequestsThatWaitWhenTheyAreSwitchedOff(Setting.Architecture architecture) {
        for (int delay = 0; delay < 4_000; delay += 50) {
            Program p = Program.of(
                    new Setting(architecture, 1, false),
                    new Operations.EnableAts(0),
                    new Operations.Write(0, 1, 0, 0, 1),
                    new Operations.EnablePageRequests(0),
                    new Operations.MapPage(0, 1, 0, false),
                    new Operations.Wait(delay),
                    new Operations.DisableAts(0),
                    new Operations.Unbind(0, 1, false));

            assertThat(Execution.run(p).violation()).as("after %d ns", delay).isNull();
        }
    }

    /** What a silenced device has on its way must not find ATS on again: software has to wait after a reset. */
    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldNotLetRequestsFromBeforeAResetIn(Setting.Architecture architecture) {
        Program p = Program.of(
                new Setting(architecture, 1, false),
                new Operations.MapPage(1, 0, 5, true),
                new Operations.EnableAts(1),
                new Operations.Read(1, 0, 5, 0, 1),
                new Operations.Wait(201),
                new Faults.Lose(TlpKind.INVALIDATE_REQUEST, 0),
                new Operations.Unmap(1, 0, 5),
                new Operations.Swap(1, 0, 5, 0),
                new Operations.EnableAts(1));

        assertThat(Execution.run(p).violation()).isNull();
    }

    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldGiveTheSameAnswersWithAnyCaches(Setting.Architecture architecture) {
        for (long seed = SEED; seed < SEED + PROGRAMS / 10; seed++) {
            Program p = Program.random(new Setting(architecture, CACHES[0], true), seed, STEPS);
            Outcome expected = Execution.run(p);
            assertThat(expected.violation()).as("seed %d", seed).isNull();
            for (int i = 1; i < CACHES.length; i++) {
                long caches = i < 2 ? CACHES[i] : CACHES[i] + 2 * seed;
                Program same = new Program(p.setting().withCaches(caches), p.steps());
                assertThat(Execution.run(same))
                        .as("seed %d, %s", seed, same.setting())
                        .isEqualTo(expected);
            }
        }
    }
}
