// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Makes a failing program smaller: leaves steps out, in halves, quarters and so on (delta debugging; Zeller, Hildebrandt: "Simplifying and
 * Isolating Failure-Inducing Input", 2002), then makes the numbers of those that are left smaller, until nothing of this helps any more.
 */
final class Shrinker {
    private static final int MOST_RUNS = 20_000;

    private final Predicate<Program> fails;
    private int runs;

    /** Shrinks programs as long as they fail. */
    Shrinker(Predicate<Program> fails) {
        this.fails = fails;
    }

    Program shrink(Program program) {
        Program best = program;
        boolean smaller = true;
        while (smaller && runs < MOST_RUNS) {
            Program before = best;
            best = simplify(merge(remove(best)));
            smaller = !best.equals(before);
        }
        return best;
    }

    private boolean stillFails(Program p) {
        return runs++ < MOST_RUNS && fails.test(p);
    }

    private Program remove(Program program) {
        Program best = program;
        for (int chunk = Math.max(1, best.steps().size() / 2); chunk > 0; chunk /= 2) {
            for (int at = best.steps().size() - chunk; at >= 0; at -= chunk) {
                List<Operation> fewer = new ArrayList<>(best.steps());
                fewer.subList(at, Math.min(at + chunk, fewer.size())).clear();
                Program candidate = best.with(fewer);
                if (stillFails(candidate)) {
                    best = candidate;
                    at = Math.min(at, fewer.size());
                }
            }
        }
        return best;
    }

    /** Puts waits that follow each other together. */
    private Program merge(Program program) {
        Program best = program;
        for (int i = 0; i + 1 < best.steps().size(); i++) {
            if (best.steps().get(i) instanceof Operations.Wait a
                    && best.steps().get(i + 1) instanceof Operations.Wait b) {
                List<Operation> steps = new ArrayList<>(best.steps());
                steps.remove(i + 1);
                steps.set(i, new Operations.Wait(a.nanoseconds() + b.nanoseconds()));
                Program candidate = best.with(steps);
                best = stillFails(candidate) ? candidate : best;
            }
        }
        return best;
    }

    private Program simplify(Program program) {
        Program best = program;
        for (int i = 0; i < best.steps().size(); i++) {
            Object[] values = best.steps().get(i).values();
            for (int part = 0; part < values.length; part++) {
                best = simplify(best, i, part);
            }
        }
        return best;
    }

    private Program simplify(Program program, int index, int part) {
        if (!(program.steps().get(index).values()[part] instanceof Integer value)) {
            return program;
        }
        // The smallest number that will do, as far as halving finds it.
        int low = 0;
        int high = value;
        Program best = program;
        while (low < high) {
            int middle = low + (high - low) / 2;
            List<Operation> steps = new ArrayList<>(best.steps());
            steps.set(index, steps.get(index).with(part, middle));
            Program candidate = best.with(steps);
            if (stillFails(candidate)) {
                best = candidate;
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return best;
    }
}
