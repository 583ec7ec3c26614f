// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.scenario.ScenarioResult.Status;

/** How the runs of a scenario ended in which one memory access failed: by outcome, and those that the architecture lacks. */
public final class FailNthResult {
    private final Scenario scenario;
    private final Map<String, Integer> outcomes = new TreeMap<>();
    private final List<String> unspecified = new ArrayList<>();
    private int runs;

    FailNthResult(Scenario scenario) {
        this.scenario = scenario;
    }

    /** Notes how the step ended in which the access failed; an empty outcome is none that the architecture has. */
    void add(long access, int number, String outcome) {
        runs++;
        if (outcome.isEmpty()) {
            unspecified.add("access " + access + " fails in step " + number + ": no outcome that the architecture has");
        } else {
            outcomes.merge(outcome, 1, Integer::sum);
        }
    }

    /** Runs in which an access failed. */
    public int runs() {
        return runs;
    }

    /** How many runs ended in each outcome. */
    public Map<String, Integer> outcomes() {
        return Map.copyOf(outcomes);
    }

    /** Runs that ended in nothing that the architecture has, a line each. */
    public List<String> unspecified() {
        return unspecified.stream()
                .map(what -> scenario.place() + ": " + scenario.name() + ", " + what)
                .toList();
    }

    /** The runs as one result, which has failed if any of them has. */
    public ScenarioResult summary() {
        return new ScenarioResult(
                scenario, unspecified.isEmpty() ? Status.PASSED : Status.FAILED, -1, String.join("; ", unspecified));
    }
}
