// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.iommuemu.ats.AtcParameters;
import org.iommuemu.ats.AtsStatistics;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.inject.FaultRule;
import org.iommuemu.inject.FunctionRule;
import org.iommuemu.iommu.Access;
import org.iommuemu.pcie.FunctionDescription;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.jspecify.annotations.Nullable;

/** A step with devices at the end of links, for which time passes. All times in ps. */
sealed interface TimedStep extends Step {
    /** Of a step that concerns no function. */
    int NOBODY = -1;

    /** Whose it is, or {@link #NOBODY}. */
    default int requester() {
        return NOBODY;
    }

    /**
     * A function is added, with what is switched on.
     *
     * @param shape what it has of capabilities, from what functions usually have
     */
    record Device(
            int requester,
            FunctionSwitches switches,
            UnaryOperator<FunctionDescription> shape,
            AtcParameters parameters)
            implements TimedStep {}

    /** Software switches something of a function. */
    record DeviceControl(int requester, FunctionSwitches switches) implements TimedStep {}

    /**
     * A function's DMA begins. Without an id it also ends within the step.
     *
     * @param atomic an AtomicOp, or null
     * @param data written, or the operands, or what must be read; null where nothing is to be compared
     * @param old what an AtomicOp must return, or null
     */
    record DeviceDma(
            int requester,
            int pasid,
            long iova,
            int length,
            int access,
            Tlp.@Nullable AtomicOp atomic,
            byte @Nullable [] data,
            byte @Nullable [] old,
            Ending ending,
            @Nullable String id)
            implements TimedStep {
        boolean isRead() {
            return !Access.isWrite(access);
        }
    }

    /**
     * How a DMA must end.
     *
     * @param status or null while it must not have ended
     * @param moved bytes, or -1 where they are not compared
     */
    record Ending(DmaChannel.@Nullable Status status, int moved) {}

    /** A DMA that was begun ends, or has not. */
    record DeviceDmaEnd(String id, Ending ending, byte @Nullable [] data) implements TimedStep {}

    /** A function stops using a PASID. */
    record StopPasid(int requester, int pasid, boolean marker) implements TimedStep {}

    /** A PASID that was stopped must be out of use by now, or not. */
    record ExpectStopped(int requester, int pasid, boolean stopped) implements TimedStep {}

    /**
     * The next message of a kind that arrives at the function or the host, or has arrived and was not looked at.
     *
     * @param fields what it must have, as text; null if there must be none
     * @param within how long it may take
     */
    record ExpectMessage(
            int requester, TlpKind kind, @Nullable Map<String, String> fields, long within) implements TimedStep {}

    /** Something goes wrong from now on. */
    record Inject(FaultRule rule) implements TimedStep {}

    /** Time passes. */
    record Advance(long time) implements TimedStep {}

    /** Something happens to a function, now. */
    record FunctionEvent(int requester, FunctionRule.Event event) implements TimedStep {}

    /** How often a rule has acted so far. */
    record ExpectInjected(String rule, int count) implements TimedStep {}

    /** What a function's ATS and PRI have counted so far. */
    record ExpectCounter(int requester, AtsStatistics.Counter counter, long value) implements TimedStep {}

    /** The names of these steps. */
    List<String> NAMES = List.of(
            "device",
            "device_control",
            "device_dma",
            "device_dma_end",
            "stop_pasid",
            "expect_stopped",
            "expect_message",
            "inject",
            "advance",
            "remove",
            "flr",
            "expect_injected",
            "expect_counter");
}
