// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.time.RandomStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The four invariants of the core under random programs of calls, page faults and DMA, some of which come while software waits, and with
 * steps that fail. {@code -Diommuemu.core.steps=N} makes it longer, for each architecture.
 */
class CorePropertyTest {
    private static final String SMALL = "org.iommuemu.host.control.ControlledMachine#small";
    private static final int LENGTH = 250;
    private static final int FAILING_PERCENT = 8;
    private static final int STEPS = Integer.getInteger("iommuemu.core.steps", 35_000);

    /** A step, and whether something of it is to fail. */
    private record Planned(CoreStep step, boolean failing) {}

    private static List<Planned> program(long seed) {
        RandomStream r = new RandomStream(seed);
        List<Planned> steps = new ArrayList<>();
        for (int i = 0; i < LENGTH; i++) {
            steps.add(new Planned(CoreStep.random(r), r.nextBelow(100) < FAILING_PERCENT));
        }
        return steps;
    }

    /** What a program finds, or null. */
    private static @Nullable String run(Maker maker, List<Planned> program) {
        try (CoreWorld world = new CoreWorld(maker.make())) {
            for (Planned p : program) {
                world.run(p.step, p.failing);
            }
            return null;
        } catch (RuntimeException | AssertionError e) {
            return e + " at " + (e.getStackTrace().length == 0 ? "" : e.getStackTrace()[0]);
        }
    }

    /** Leaves steps out as long as it fails nevertheless. */
    private static List<Planned> shrink(Maker maker, List<Planned> program) {
        List<Planned> best = program;
        for (int chunk = best.size() / 2; chunk > 0; chunk /= 2) {
            for (int at = best.size() - chunk; at >= 0; at = Math.min(at, best.size()) - chunk) {
                List<Planned> fewer = new ArrayList<>(best);
                fewer.subList(at, Math.min(at + chunk, fewer.size())).clear();
                best = run(maker, fewer) == null ? best : fewer;
            }
        }
        return best;
    }

    @ParameterizedTest
    @MethodSource(SMALL)
    void shouldHoldTheInvariantsWhateverIsCalled(Maker maker) {
        for (int seed = 1; seed <= STEPS / LENGTH; seed++) {
            List<Planned> program = program(seed);
            if (run(maker, program) != null) {
                List<Planned> small = shrink(maker, shrink(maker, program));
                throw new AssertionError("seed " + seed + ": " + Objects.requireNonNull(run(maker, small)) + "\n"
                        + small.stream().map(Planned::toString).collect(Collectors.joining("\n")));
            }
        }
    }
}
