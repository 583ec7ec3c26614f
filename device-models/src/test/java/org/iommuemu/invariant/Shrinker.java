// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Makes a failing program smaller: leaves steps out, in halves, quarters and so on (delta debugging; Zeller, Hildebrandt: "Simplifying and
 * Isolating Failure-Inducing Input", 2002), then makes the numbers of those that are left smaller, until nothing of this helps any more.
 *
 * @param <S> what programs are made of
 */
final class Shrinker<S extends Step<?>> {
    private static final int MOST_RUNS = 20_000;

    private final Predicate<List<S>> fails;
    private int runs;

    /** Shrinks programs as long as they fail. */
    Shrinker(Predicate<List<S>> fails) {
        this.fails = fails;
    }

    List<S> shrink(List<S> program) {
        List<S> best = program;
        boolean smaller = true;
        while (smaller && runs < MOST_RUNS) {
            List<S> before = best;
            best = simplify(merge(remove(best)));
            smaller = !best.equals(before);
        }
        return best;
    }

    private boolean stillFails(List<S> program) {
        return runs++ < MOST_RUNS && fails.test(program);
    }

    private List<S> remove(List<S> program) {
        List<S> best = program;
        for (int chunk = Math.max(1, best.size() / 2); chunk > 0; chunk /= 2) {
            for (int at = best.size() - chunk; at >= 0; at = Math.min(at, best.size()) - chunk) {
                List<S> fewer = new ArrayList<>(best);
                fewer.subList(at, Math.min(at + chunk, fewer.size())).clear();
                best = stillFails(fewer) ? fewer : best;
            }
        }
        return best;
    }

    /** Puts waits that follow each other together. */
    private List<S> merge(List<S> program) {
        List<S> best = program;
        for (int i = 0; i + 1 < best.size(); i++) {
            if (best.get(i) instanceof Operations.Wait a && best.get(i + 1) instanceof Operations.Wait b) {
                List<S> fewer = new ArrayList<>(best);
                fewer.remove(i + 1);
                fewer.set(i, with(fewer.get(i), 0, a.nanoseconds() + b.nanoseconds()));
                best = stillFails(fewer) ? fewer : best;
            }
        }
        return best;
    }

    private List<S> simplify(List<S> program) {
        List<S> best = program;
        for (int i = 0; i < best.size(); i++) {
            Object[] values = best.get(i).values();
            for (int part = 0; part < values.length; part++) {
                if (values[part] instanceof Integer value) {
                    best = simplify(best, i, part, value);
                }
            }
        }
        return best;
    }

    /** The smallest number that will do, as far as halving finds it. */
    private List<S> simplify(List<S> program, int index, int part, int value) {
        List<S> best = program;
        int low = 0;
        int high = value;
        while (low < high) {
            int middle = low + (high - low) / 2;
            List<S> candidate = new ArrayList<>(best);
            candidate.set(index, with(best.get(index), part, middle));
            if (stillFails(candidate)) {
                best = candidate;
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return best;
    }

    @SuppressWarnings("unchecked")
    private S with(S step, int part, Object value) {
        return (S) step.with(part, value);
    }
}
