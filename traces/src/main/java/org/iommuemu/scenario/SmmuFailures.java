// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.List;
import java.util.Set;
import org.iommuemu.device.DmaEngine;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.smmuv3.SmmuRule;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.AtosRegisters;
import org.iommuemu.smmuv3.spec.Registers;

/** What an SMMUv3 has for a memory access that failed. */
final class SmmuFailures implements AccessFailures {
    /** Refusals that stand for a read without an answer. */
    private static final Set<SmmuRule> FETCH_ABORTS =
            Set.of(SmmuRule.STE_FETCH_ABORT, SmmuRule.CD_FETCH_ABORT, SmmuRule.WALK_ABORT);

    private static final long CERROR_ABT = 2;

    private final SmmuV3 iommu;
    private long togglesBefore;

    SmmuFailures(SmmuV3 iommu) {
        this.iommu = iommu;
    }

    @Override
    public void before() {
        togglesBefore = errorToggles();
    }

    /** The SMMU toggles an error's bit when it raises it. */
    private long errorToggles() {
        return iommu.readRegister(Registers.GERROR.offset(), 4);
    }

    @Override
    public String outcome(Step step, ScenarioDevices devices) {
        long newErrors = errorToggles() ^ togglesBefore;
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
}
