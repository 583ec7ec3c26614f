// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.LintFinding;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.iommuemu.scenario.ScenarioResult.Status;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.lint.SmmuLint;
import org.jspecify.annotations.Nullable;

/** Runs scenarios, each from reset with all memory zero, up to the first step that differs. */
public final class ScenarioRunner {
    private static final String SAME = "";

    private final CacheConfiguration caches;
    private final List<String> stale = new ArrayList<>();
    private boolean detectStale;
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

    /** Pages that were accessed by a stale translation and that no step expected so far, a line each. */
    public List<String> stale() {
        return List.copyOf(stale);
    }

    /** Runs one scenario. */
    public ScenarioResult run(Scenario scenario) {
        SmmuFeatures features = scenario.smmu();
        if (features == null) {
            return new ScenarioResult(scenario, Status.SKIPPED, -1, "VT-d is not modelled");
        }
        try (PhysicalMemory memory = new PhysicalMemory()) {
            populate(memory, scenario.ram());
            Map<String, Integer> pulses = new HashMap<>();
            SmmuV3 smmu = new SmmuV3(memory, features, caches, line -> pulses.merge(line, 1, Integer::sum));
            SmmuLint linted = lint == null ? null : new SmmuLint(smmu, memory);
            Iommu iommu = linted == null ? smmu : linted;
            ScenarioDevices devices = new ScenarioDevices(iommu, memory, scenario.cannotStall(), pulses);
            if (detectStale) {
                devices.watch(smmu.detectStale());
            }
            ScenarioResult result = run(scenario, iommu, devices, memory);
            // One that fails is the one whose stale translations are wanted most.
            devices.unexpectedStale()
                    .forEach(line -> stale.add(scenario.place() + ": " + scenario.name() + ": " + line));
            note(scenario, linted);
            return result;
        }
    }

    private static ScenarioResult run(Scenario scenario, Iommu iommu, ScenarioDevices devices, PhysicalMemory memory) {
        int number = 0;
        for (Step step : scenario.steps()) {
            String difference = run(step, iommu, devices, memory);
            if (!difference.equals(SAME)) {
                return differs(scenario, number, difference);
            }
            number++;
        }
        return new ScenarioResult(scenario, Status.PASSED, -1, "");
    }

    private void note(Scenario scenario, @Nullable SmmuLint linted) {
        if (lint != null && linted != null) {
            String head = scenario.place() + ": " + scenario.name() + ": ";
            linted.log()
                    .findings()
                    .forEach(f -> lint.add(new LintFinding(f.rule(), head + f.place(), f.seen(), f.count())));
        }
    }

    /**
     * Runs a scenario once for each memory access that the machine makes in it, with that access failing; nothing is compared
     * with the scenario's expectations. Every run must end in what the architecture has for a failed access.
     */
    public FailNthResult failNth(Scenario scenario) {
        FailNthResult result = new FailNthResult(scenario);
        SmmuFeatures features = scenario.smmu();
        boolean more = features != null;
        for (long n = 1; more; n++) {
            more = features != null && failOnce(scenario, features, n, result);
        }
        return result;
    }

    private boolean failOnce(Scenario scenario, SmmuFeatures features, long n, FailNthResult result) {
        try (PhysicalMemory memory = new PhysicalMemory()) {
            populate(memory, scenario.ram());
            SmmuV3 iommu = new SmmuV3(memory, features, caches, InterruptSink.NONE);
            ScenarioDevices devices = new ScenarioDevices(iommu, memory, scenario.cannotStall(), new HashMap<>());
            memory.failNth(n);
            int number = 0;
            for (Step step : scenario.steps()) {
                boolean pending = memory.isFailurePending();
                long togglesBefore = FailNthResult.errorToggles(iommu);
                run(step, iommu, devices, memory);
                if (pending && !memory.isFailurePending()) {
                    result.add(n, number, step, devices, iommu, togglesBefore);
                }
                number++;
            }
            return !memory.isFailurePending();
        }
    }

    private static void populate(PhysicalMemory memory, List<long[]> ram) {
        if (ram.isEmpty()) {
            return;
        }
        memory.mark(0, 1L << PhysicalMemory.ADDRESS_BITS, RangeState.ABSENT);
        for (long[] range : ram) {
            memory.mark(range[0], range[1], RangeState.PRESENT);
        }
    }

    private static ScenarioResult differs(Scenario scenario, int step, String difference) {
        List<String> excuses = scenario.notes().excuses();
        return excuses.isEmpty()
                ? new ScenarioResult(scenario, Status.FAILED, step, difference)
                : new ScenarioResult(scenario, Status.SKIPPED, step, String.join(", ", excuses) + ": " + difference);
    }

    private static String run(Step step, Iommu iommu, ScenarioDevices devices, PhysicalMemory memory) {
        if (step instanceof Step.MemoryWrite s) {
            memory.write(s.address(), s.data(), 0, s.data().length);
            return SAME;
        } else if (step instanceof Step.RegisterWrite s) {
            frame(s.monitor(), iommu).writeRegister(s.offset(), s.size(), s.value());
            return SAME;
        } else if (step instanceof Step.RegisterRead s) {
            return read(s, frame(s.monitor(), iommu));
        } else if (step instanceof Step.Dma s) {
            return devices.issue(s);
        } else if (step instanceof Step.MemoryExpect s) {
            return expect(s, memory);
        }
        return devices.run((DeviceStep) step);
    }

    private static RegisterFrame frame(boolean monitor, Iommu iommu) {
        return monitor && iommu instanceof SmmuV3 smmu ? smmu.counterGroup() : iommu;
    }

    private static String read(Step.RegisterRead s, RegisterFrame frame) {
        long found = frame.readRegister(s.offset(), s.size());
        if (((found ^ s.expected()) & s.mask()) == 0) {
            return SAME;
        }
        return String.format("register 0x%x is 0x%x, expected 0x%x", s.offset(), found, s.expected());
    }

    private static String expect(Step.MemoryExpect s, PhysicalMemory memory) {
        byte[] found = new byte[s.data().length];
        memory.read(s.address(), found, 0, found.length);
        for (int i = 0; i < found.length; i++) {
            if (((found[i] ^ s.data()[i]) & s.mask()[i]) != 0) {
                return "memory at 0x" + Long.toHexString(s.address()) + " is " + hex(found) + ", expected "
                        + hex(s.data()) + " (differs at byte " + i + ")";
            }
        }
        return SAME;
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
