// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.iommuemu.device.DmaEngine;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.scenario.ScenarioResult.Status;
import org.iommuemu.smmuv3.SmmuRule;
import org.iommuemu.smmuv3.spec.AtosRegisters;
import org.iommuemu.smmuv3.spec.Registers;

/** How the runs of a scenario ended in which one memory access failed: by outcome, and those that the architecture lacks. */
public final class FailNthResult {
    /** Refusals that stand for a read without an answer. */
    private static final Set<SmmuRule> FETCH_ABORTS =
            Set.of(SmmuRule.STE_FETCH_ABORT, SmmuRule.CD_FETCH_ABORT, SmmuRule.WALK_ABORT);

    private static final long CERROR_ABT = 2;

    private final Scenario scenario;
    private final Map<String, Integer> outcomes = new TreeMap<>();
    private final List<String> unspecified = new ArrayList<>();
    private int runs;

    FailNthResult(Scenario scenario) {
        this.scenario = scenario;
    }

    /** The SMMU toggles an error's bit when it raises it. */
    static long errorToggles(Iommu iommu) {
        return iommu.readRegister(Registers.GERROR.offset(), 4);
    }

    /** Notes how the step ended in which the access failed. */
    void add(long access, int number, Step step, ScenarioDevices devices, Iommu iommu, long togglesBefore) {
        runs++;
        String outcome = outcome(step, devices, iommu, errorToggles(iommu) ^ togglesBefore);
        if (outcome.isEmpty()) {
            unspecified.add("access " + access + " fails in step " + number + ": no outcome that the architecture has");
        } else {
            outcomes.merge(outcome, 1, Integer::sum);
        }
    }

    private static String outcome(Step step, ScenarioDevices devices, Iommu iommu, long newErrors) {
        if (Registers.EVENTQ_ABT_ERR.isSet(newErrors)) {
            return "EVENTQ_ABT_ERR";
        }
        if (Registers.CMDQ_ERR.isSet(newErrors)
                && Registers.CONS_ERR.get(iommu.readRegister(Registers.CMDQ_CONS.offset(), 4)) == CERROR_ABT) {
            return "CERROR_ABT";
        }
        if (Registers.PRIQ_ABT_ERR.isSet(newErrors)) {
            return "PRIQ_ABT_ERR";
        }
        if (Registers.MSI_ERRORS.isSet(newErrors)) {
            return "MSI abort";
        }
        if (step instanceof DeviceStep.TranslationRequest) {
            return devices.completion().status() == TranslationCompletion.Status.CA ? "CA" : "";
        }
        if (step instanceof DeviceStep.PageRequestMessage) {
            return devices.hasFailed() ? "PRG response: failure" : "";
        }
        for (AtosRegisters atos : List.of(Registers.GATOS, Registers.VATOS)) {
            if (step instanceof Step.RegisterWrite w
                    && w.offset() == atos.ctrl().offset()) {
                return isFetchAbort(iommu.readRegister(atos.par().offset(), 8)) ? "ATOS fault" : "";
            }
        }
        DmaEngine dma = devices.last();
        // A command or a queue's consumer may let a stalled DMA go on.
        if (step instanceof Step.Dma || step instanceof Step.RegisterWrite) {
            if (dma.outcome() == DmaEngine.Outcome.BUS_ERROR) {
                return "bus error on the data";
            }
            if (dma.verdict().rule() instanceof SmmuRule rule && FETCH_ABORTS.contains(rule)) {
                return String.valueOf(rule.event());
            }
        }
        return "";
    }

    private static boolean isFetchAbort(long par) {
        int code = AtosRegisters.FAULTCODE.getInt(par);
        return AtosRegisters.FAULT.isSet(par)
                && FETCH_ABORTS.stream().map(SmmuRule::event).anyMatch(e -> e != null && e.type() == code);
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
