// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import org.iommuemu.host.GuestTables;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.UserStructure;
import org.iommuemu.host.guest.spec.CarrierLayout;
import org.iommuemu.host.guest.spec.GpasidBindData;

/** VFIO_IOMMU_BIND: what the caller's bytes say, checked in the order of Linux 5.10's {@code iommu_uapi_sva_bind_gpasid}. */
final class GuestBind {
    private final GuestContainer container;
    private final FailurePlan failures;

    GuestBind(GuestContainer container, FailurePlan failures) {
        this.container = container;
        this.failures = failures;
    }

    long call(UserBuffer argument) {
        UserStructure head = new UserStructure(argument, 0, CarrierLayout.DATA, failures);
        if (!head.copyIn(0, CarrierLayout.DATA)) {
            return Errno.EFAULT.returned();
        }
        long argsz = head.get(CarrierLayout.ARGSZ);
        int flags = head.getInt(CarrierLayout.FLAGS);
        boolean binds = flags == CarrierLayout.BIND_GUEST_PGTBL;
        if (argsz < CarrierLayout.DATA || !binds && flags != CarrierLayout.UNBIND_GUEST_PGTBL) {
            return Errno.EINVAL.returned();
        }
        if (argsz < CarrierLayout.DATA + GpasidBindData.GENERIC_BYTES) {
            return Errno.EINVAL.returned();
        }
        UserStructure data = new UserStructure(argument, CarrierLayout.DATA, GpasidBindData.BYTES, failures);
        if (!data.copyIn(0, GpasidBindData.GENERIC_BYTES)) {
            return Errno.EFAULT.returned();
        }
        long bytes = Math.min(data.get(GpasidBindData.ARGSZ), GpasidBindData.BYTES);
        if (bytes < GpasidBindData.GENERIC_BYTES || argsz < CarrierLayout.DATA + bytes) {
            return Errno.EINVAL.returned();
        }
        if (!data.copyIn(GpasidBindData.GENERIC_BYTES, (int) bytes)) {
            return Errno.EFAULT.returned();
        }
        if (!isKnown(data)) {
            return Errno.EINVAL.returned();
        }
        long pasid = data.get(GpasidBindData.HPASID);
        return binds ? bind(data, bytes, pasid) : container.unbind(pasid).returned();
    }

    /** All of the flags' 64 bits count: before Linux 5.10 only half of them did. */
    private static boolean isKnown(UserStructure data) {
        long format = data.get(GpasidBindData.FORMAT);
        return data.get(GpasidBindData.VERSION) == GpasidBindData.VERSION_1
                && format == GpasidBindData.FORMAT_INTEL_VTD
                && (data.get(GpasidBindData.BIND_FLAGS) & ~GpasidBindData.GPASID_VAL) == 0
                && data.get(GpasidBindData.PADDING) == 0;
    }

    private long bind(UserStructure data, long bytes, long pasid) {
        long wants = data.get(GpasidBindData.VTD_FLAGS);
        if (bytes < GpasidBindData.BYTES || (wants & ~GpasidBindData.VTD_FLAGS_KNOWN) != 0) {
            return Errno.EINVAL.returned();
        }
        long width = data.get(GpasidBindData.ADDR_WIDTH);
        GuestTables.FirstStage tables = new GuestTables.FirstStage(
                data.get(GpasidBindData.GPGD),
                (wants & GpasidBindData.SRE) != 0,
                (wants & GpasidBindData.EAFE) != 0,
                false,
                (int) Math.min(width, Integer.MAX_VALUE));
        boolean memoryTypes = (wants & GpasidBindData.MEMORY_TYPES) != 0;
        return container.bind(pasid, tables, memoryTypes).returned();
    }
}
