// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.function.Consumer;

/** Tells of programs that fail. */
final class Failures {
    private Failures() {}

    /** The smallest program that fails like one that does. */
    static Program shrink(Program program, Violation violation, Consumer<World> sabotage) {
        Shrinker<Operation> shrinker = new Shrinker<>(steps -> {
            Violation v = Execution.run(program.with(steps), sabotage).violation();
            return v != null && v.invariant() == violation.invariant();
        });
        return program.with(shrinker.shrink(program.steps()));
    }

    static AssertionError report(Program program, long seed, Violation violation) {
        Program small = shrink(program, violation, w -> {});
        Violation now = Execution.run(small).violation();
        return new AssertionError(
                "seed " + seed + ", " + program.setting().asJava() + ": " + violation.getMessage() + "\nsmallest: "
                        + (now == null ? "fails no more" : now.getMessage()) + "\n" + small.asJava(),
                violation);
    }
}
