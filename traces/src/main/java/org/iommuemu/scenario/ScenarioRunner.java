// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.capture.InputException;
import org.iommuemu.inject.FaultPlan;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.replay.Explanation;
import org.iommuemu.scenario.ScenarioResult.Status;
import org.jspecify.annotations.Nullable;

/** Runs scenarios, each from reset with all memory zero, up to the first step that differs. */
public final class ScenarioRunner {
    private final CacheConfiguration caches;
    private final List<String> stale = new ArrayList<>();
    private final List<String> injected = new ArrayList<>();
    private @Nullable FaultPlan plan;
    private boolean detectStale;
    private @Nullable DeviceTally tally;
    private final @Nullable LintLog lint;

    /** A runner whose machines have certain caches. */
    public ScenarioRunner(CacheConfiguration caches) {
        this(caches, null);
    }

    /**
     * A runner whose machines have certain caches.
     *
     * @param lint takes what scenarios do wrong, each place headed by that of the scenario; null if nobody asks
     */
    public ScenarioRunner(CacheConfiguration caches, @Nullable LintLog lint) {
        this.caches = caches;
        this.lint = lint;
    }

    /** Compares every translation from now on with what the tables say. */
    public void detectStale() {
        detectStale = true;
    }

    /**
     * Has DMAs carried out by edu devices on links from now on, where these can.
     *
     * @param counts takes how many
     */
    public void useEduDevices(DeviceTally counts) {
        tally = counts;
    }

    /** Has a plan go wrong in every scenario with devices in time from now on; it may then differ from what it expects. */
    public void inject(FaultPlan what) {
        plan = what;
    }

    /** What a plan has done so far, a line each. */
    public List<String> injected() {
        return List.copyOf(injected);
    }

    /** Pages that were accessed by a stale translation and that no step expected so far, a line each. */
    public List<String> stale() {
        return List.copyOf(stale);
    }

    /** Runs one scenario. */
    public ScenarioResult run(Scenario scenario) {
        String head = scenario.place() + ": " + scenario.name() + ": ";
        try (ScenarioMachine machine = new ScenarioMachine(scenario, caches, lint != null)) {
            if (detectStale) {
                machine.detectStale();
            }
            if (tally != null && !scenario.isTimed()) {
                machine.useEduDevices(scenario, tally);
            }
            inject(scenario, machine);
            ScenarioResult result = run(scenario, machine);
            machine.injected().forEach(line -> injected.add(head + line));
            // One that fails is the one whose stale translations are wanted most.
            machine.devices().unexpectedStale().forEach(line -> stale.add(head + line));
            if (lint != null) {
                machine.note(head, lint);
            }
            return result;
        }
    }

    private void inject(Scenario scenario, ScenarioMachine machine) {
        try {
            if (plan != null) {
                machine.inject(plan);
            }
        } catch (IllegalArgumentException e) {
            throw new InputException(
                    "the plan does not go with " + scenario.place() + " (" + e.getMessage() + ")",
                    "rules that its machine can follow");
        }
    }

    /** Presents an access to a machine without caches as the steps of a scenario leave it, whatever they expect. */
    public static Explanation explain(Scenario scenario, Transaction transaction) {
        try (ScenarioMachine machine = new ScenarioMachine(scenario, CacheConfiguration.none(), false)) {
            scenario.steps().forEach(machine::run);
            return Explanation.of(machine, transaction);
        }
    }

    private static ScenarioResult run(Scenario scenario, ScenarioMachine machine) {
        int number = 0;
        for (Step step : scenario.steps()) {
            String difference = machine.run(step);
            if (!difference.equals(ScenarioMachine.SAME)) {
                return differs(scenario, number, difference);
            }
            number++;
        }
        return new ScenarioResult(scenario, Status.PASSED, -1, "");
    }

    private static ScenarioResult differs(Scenario scenario, int step, String difference) {
        List<String> excuses = scenario.notes().excuses();
        return excuses.isEmpty()
                ? new ScenarioResult(scenario, Status.FAILED, step, difference)
                : new ScenarioResult(scenario, Status.SKIPPED, step, String.join(", ", excuses) + ": " + difference);
    }

    /**
     * Runs a scenario once for each memory access that the machine makes in it, with that access failing; nothing is
     * compared with the scenario's expectations. A scenario in which time passes is not run. Every run must end in what the architecture has for a failed access.
     */
    public FailNthResult failNth(Scenario scenario) {
        FailNthResult result = new FailNthResult(scenario);
        boolean more = !scenario.isTimed(); // devices hide from software what becomes of their requests
        for (long n = 1; more; n++) {
            more = failOnce(scenario, n, result);
        }
        return result;
    }

    private boolean failOnce(Scenario scenario, long n, FailNthResult result) {
        try (ScenarioMachine machine = new ScenarioMachine(scenario, caches, false)) {
            PhysicalMemory memory = machine.memory();
            AccessFailures failures = machine.failures();
            memory.failNth(n);
            int number = 0;
            for (Step step : scenario.steps()) {
                boolean pending = memory.isFailurePending();
                failures.before();
                machine.run(step);
                if (pending && !memory.isFailurePending()) {
                    result.add(n, number, failures.outcome(step, machine.devices()));
                }
                number++;
            }
            return !memory.isFailurePending();
        }
    }
}
