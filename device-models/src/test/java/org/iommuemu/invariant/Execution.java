// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Runs programs. */
final class Execution {
    /** What a program came to: how its transfers ended, its fault records, and what was wrong. */
    record Outcome(
            List<String> results,
            List<String> faults,
            @Nullable Violation violation) {}

    private Execution() {}

    static Outcome run(Program program) {
        return run(program, w -> {});
    }

    /**
     * Runs a program.
     *
     * @param sabotage what is done to the machine first
     */
    static Outcome run(Program program, Consumer<World> sabotage) {
        return run(program, sabotage, new Coverage());
    }

    /** The same, with a count of what it reached. */
    static Outcome run(Program program, Consumer<World> sabotage, Coverage coverage) {
        try (World w = new World(program.setting())) {
            try {
                sabotage.accept(w);
                for (Operation step : program.steps()) {
                    step.run(w);
                    w.look();
                    if (program.setting().drained()) {
                        w.machine().loop().run();
                    }
                }
                w.finish();
                w.report(coverage);
                return new Outcome(w.devices().results(), w.software().faults(), null);
            } catch (Violation v) {
                return new Outcome(w.devices().results(), w.software().faults(), v);
            } catch (RuntimeException e) {
                return new Outcome(w.devices().results(), w.software().faults(), new Violation(e));
            }
        }
    }
}
