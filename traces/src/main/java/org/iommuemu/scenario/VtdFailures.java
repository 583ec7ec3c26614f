// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.EnumSet;
import java.util.Set;
import org.iommuemu.device.DmaEngine;
import org.iommuemu.iommu.Rule;
import org.iommuemu.vtd.FaultReason;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.jspecify.annotations.Nullable;

/** What a VT-d unit has for a memory access that failed. */
final class VtdFailures implements AccessFailures {
    /** Reasons that stand for a read without an answer; 3h does if it is of the top second-stage entry. */
    private static final Set<FaultReason> FETCHES = EnumSet.of(
            FaultReason.ROOT_FETCH,
            FaultReason.CONTEXT_FETCH,
            FaultReason.CONTEXT_PROGRAMMING,
            FaultReason.SECOND_STAGE_FETCH,
            FaultReason.SM_ROOT_FETCH,
            FaultReason.SM_CONTEXT_FETCH,
            FaultReason.SM_DIRECTORY_FETCH,
            FaultReason.SM_PASID_FETCH,
            FaultReason.SM_FIRST_STAGE_TOP_FETCH,
            FaultReason.SM_FIRST_STAGE_FETCH,
            FaultReason.SM_SECOND_STAGE_TOP_FETCH,
            FaultReason.SM_SECOND_STAGE_FETCH);

    private static final long IQEI_FETCH = 2;

    private final Vtd unit;
    private long status;
    private long pages;
    private long waits;
    private long faults;

    VtdFailures(Vtd unit) {
        this.unit = unit;
    }

    @Override
    public void before() {
        status = read(VtdRegisters.FSTS.offset());
        pages = read(VtdRegisters.PRS.offset());
        waits = unit.consumed(Descriptor.WAIT);
        faults = unit.faultsRecorded() + unit.faultsLost();
    }

    private long read(long offset) {
        return unit.readRegister(offset, 4);
    }

    @Override
    public String outcome(Step step, ScenarioDevices devices) {
        // A write to FSTS clears the error, and lets the queue meet the next one.
        boolean cleared = step instanceof Step.RegisterWrite w && w.offset() == VtdRegisters.FSTS.offset();
        if (VtdRegisters.IQE.isSet(read(VtdRegisters.FSTS.offset()) & (cleared ? -1 : ~status))
                && VtdRegisters.IQEI.get(unit.readRegister(VtdRegisters.IQERCD.offset(), 8)) == IQEI_FETCH) {
            return "IQE, IQEI 2";
        }
        if (step instanceof DeviceStep.TranslationRequest) {
            return fetch(devices.completion().rule());
        }
        if (step instanceof DeviceStep.PageRequestMessage) {
            boolean overflow = VtdRegisters.PRO.isSet(read(VtdRegisters.PRS.offset()) & ~pages);
            boolean refused = unit.faultsRecorded() + unit.faultsLost() > faults;
            return overflow ? "PRO" : refused ? "page request refused" : "";
        }
        DmaEngine dma = devices.last();
        if (step instanceof Step.Dma) {
            return dma.outcome() == DmaEngine.Outcome.BUS_ERROR
                    ? "bus error on the data"
                    : fetch(dma.verdict().rule());
        }
        // What is written for a wait descriptor and finds no memory is lost (13.6).
        return unit.consumed(Descriptor.WAIT) > waits ? "status write lost" : "";
    }

    private static String fetch(@Nullable Rule rule) {
        return rule instanceof FaultReason reason && FETCHES.contains(reason)
                ? Integer.toHexString(reason.code()) + "h"
                : "";
    }
}
