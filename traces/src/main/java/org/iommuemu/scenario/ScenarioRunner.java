// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.iommuemu.scenario.ScenarioResult.Status;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.VtdRegisters;

/** Runs scenarios, each from reset with all memory zero, up to the first step that differs. */
public final class ScenarioRunner {
    private static final String SAME = "";

    private final CacheConfiguration caches;

    /** A runner whose machines have certain caches. */
    public ScenarioRunner(CacheConfiguration caches) {
        this.caches = caches;
    }

    /** Runs one scenario. */
    public ScenarioResult run(Scenario scenario) {
        try (PhysicalMemory memory = new PhysicalMemory()) {
            populate(memory, scenario.ram());
            Map<String, Integer> pulses = new HashMap<>();
            Iommu iommu = scenario.machine(memory, caches, line -> pulses.merge(line, 1, Integer::sum));
            ScenarioDevices devices = new ScenarioDevices(iommu, memory, scenario.cannotStall(), pulses);
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
            iommu.writeRegister(s.offset(), s.size(), s.value());
            return SAME;
        } else if (step instanceof Step.RegisterRead s) {
            return read(s, iommu);
        } else if (step instanceof Step.Dma s) {
            return devices.issue(s);
        } else if (step instanceof Step.MemoryExpect s) {
            return expect(s, memory);
        }
        return devices.run((DeviceStep) step);
    }

    private static String read(Step.RegisterRead s, Iommu iommu) {
        long found = iommu.readRegister(s.offset(), s.size());
        if (iommu instanceof Vtd && s.offset() == VtdRegisters.IQA.offset()) {
            // Recorders show the address in force rather than what was written, and the width or not.
            return SAME;
        }
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
