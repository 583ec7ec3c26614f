// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.util.List;
import org.iommuemu.host.HardwareRegisters;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.HostDevice;
import org.jspecify.annotations.Nullable;

/** A device that was bound to a file; whoever has bound it needs it until it is unbound. */
final class BoundDevice extends IommufdObject {
    /** Where messages of interrupts are written to, which is mapped there (SMMUv3, as Linux does), or is not translated (VT-d). */
    private static final IovaRange SMMU_MESSAGES = new IovaRange(0x800_0000L, 0x80F_FFFFL);

    private static final IovaRange VTD_MESSAGES = new IovaRange(0xFEE0_0000L, 0xFEEF_FFFFL);

    private final ControlCore core;
    private final HostDevice device;
    private final DeviceGroup group;
    private @Nullable Vdevice vdevice;
    private int faultUsers;

    BoundDevice(ControlCore core, HostDevice device, DeviceGroup group) {
        this.core = core;
        this.device = device;
        this.group = group;
    }

    HostDevice device() {
        return device;
    }

    DeviceGroup group() {
        return group;
    }

    /** As a guest sees it, if it does. */
    @Nullable
    Vdevice vdevice() {
        return vdevice;
    }

    void vdevice(@Nullable Vdevice one) {
        vdevice = one;
    }

    /** IOVAs that it cannot use. */
    List<IovaRange> reserved() {
        return List.of(core.driver().hardware() instanceof HardwareRegisters.Smmu ? SMMU_MESSAGES : VTD_MESSAGES);
    }

    /** How many PASIDs it can have with this IOMMU. */
    int pasids() {
        return core.pasidEnd(device);
    }

    /** Lets it use what it has of PASIDs and ATS, in this order. */
    Result<Done> enable() {
        if (core.fails(Step.DEVICE)) {
            return Result.err(Step.DEVICE.errno(), "taking " + device);
        }
        core.probe(device);
        if (pasids() > 0) {
            device.function().pasid(true);
        }
        if (hasAts()) {
            core.driver().enableAts(device.stream());
            device.function().ats(true);
        }
        return Result.done();
    }

    void disable() {
        if (hasAts()) {
            device.function().ats(false);
            core.driver().disableAts(device.stream());
        }
        if (pasids() > 0) {
            device.function().pasid(false);
        }
    }

    private boolean hasAts() {
        return device.function().hasAts() && core.driver().features().ats();
    }

    /** Lets it ask for pages, once more. */
    Result<Done> enableFaults() {
        if (device.function().isVirtual() && device.function().hasPageRequests()) {
            return Result.err(Errno.EINVAL, device + " has page requests of its physical function");
        }
        if (faultUsers == 0) {
            Result<Done> added = core.faults().addDevice(device);
            if (!added.isOk()) {
                return added;
            }
        }
        faultUsers++;
        return Result.done();
    }

    void disableFaults() {
        if (--faultUsers == 0) {
            core.faults().removeDevice(device);
        }
    }

    @Override
    void destroyed() {}
}
