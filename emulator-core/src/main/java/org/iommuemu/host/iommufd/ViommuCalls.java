// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.HardwareRegisters;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.iommufd.spec.EventStructures.VeventqAlloc;
import org.iommuemu.host.iommufd.spec.ViommuStructures.ViommuAlloc;

/** Calls on guests' IOMMUs (viommu.c, arm-smmu-v3-iommufd.c); the driver of VT-d has none. */
public final class ViommuCalls {
    private final Iommufd iommufd;

    ViommuCalls(Iommufd iommufd) {
        this.iommufd = iommufd;
    }

    /**
     * A guest's IOMMU.
     *
     * @param type of {@link ViommuAlloc}
     * @param device whose IOMMU it is part of
     * @param parent the guest's memory
     * @return ENOENT for no device or table, EOPNOTSUPP for a type that there is not, EINVAL for a table that is no parent, ENOMEM
     */
    public Result<Integer> allocate(int type, int device, int parent) {
        if (type == ViommuAlloc.TYPE_DEFAULT) {
            return Call.unsupported("a guest's IOMMU of no type");
        }
        return iommufd.objects().find(device, BoundDevice.class).then(d -> {
            boolean smmu = iommufd.core().driver().hardware() instanceof HardwareRegisters.Smmu;
            if (!smmu
                    || type != ViommuAlloc.TYPE_ARM_SMMUV3
                    || !iommufd.core().driver().features().nested()) {
                return Call.unsupported("a guest's IOMMU of type " + Integer.toUnsignedString(type));
            }
            return iommufd.objects()
                    .find(parent, PagingHwpt.class)
                    .then(p -> p.isNestParent()
                            ? iommufd.allocate("a guest's IOMMU")
                                    .then(done ->
                                            Result.ok(iommufd.add(new Viommu(p)).id()))
                            : Result.err(Errno.EINVAL, p + " is no parent"));
        });
    }

    /**
     * Lets a guest know a device by a number; here there is one IOMMU, which all devices are behind.
     *
     * @return ENOENT for no guest's IOMMU or device, EEXIST if the device has a number or the number a device, ENOMEM
     */
    public Result<Integer> allocateDevice(int viommu, int device, long virtualId) {
        return iommufd.objects()
                .find(viommu, Viommu.class)
                .then(v -> iommufd.objects().find(device, BoundDevice.class).then(d -> {
                    if (d.vdevice() != null) {
                        return Result.err(Errno.EEXIST, d + " is known to a guest");
                    }
                    return iommufd.allocate("a guest's device")
                            .then(done -> v.device(virtualId) == null
                                    ? Result.ok(iommufd.add(new Vdevice(v, d, virtualId))
                                            .id())
                                    : Result.err(Errno.EEXIST, "the guest has a device " + virtualId));
                }));
    }

    /**
     * Sends a guest's command (IHI 0070 §4): TLBI_NSNH_ALL, TLBI_NH_ALL, _ASID, _VA, _VAA, ATC_INV, CFGI_CD, CFGI_CD_ALL.
     *
     * @return ENOENT for no guest's IOMMU; EIO for any other command, or of a device that the guest does not have
     */
    public Result<Done> command(int viommu, long word0, long word1) {
        return iommufd.objects()
                .find(viommu, Viommu.class)
                .then(v -> iommufd.core().driver().guestInvalidate(v.memory(), v::stream, word0, word1)
                        ? Result.done()
                        : Result.err(Errno.EIO, String.format("a guest's command 0x%x", word0)));
    }

    /** EOPNOTSUPP for a type that there is not, EINVAL for no depth, ENOENT, EEXIST for a second one of a type, ENOMEM. */
    Result<EventQueue> allocateQueue(int viommu, int type, long depth) {
        if (type == VeventqAlloc.TYPE_DEFAULT) {
            return Call.unsupported("events of no type");
        }
        if (depth == 0) {
            return Result.err(Errno.EINVAL, "a queue for no events");
        }
        return iommufd.objects().find(viommu, Viommu.class).then(v -> {
            if (type != VeventqAlloc.TYPE_ARM_SMMUV3) {
                return Call.unsupported("events of type " + Integer.toUnsignedString(type));
            }
            return v.queue(type) == null
                    ? iommufd.allocate("a queue of events")
                            .then(done -> Result.ok(iommufd.add(new EventQueue(v, type, depth))))
                    : Result.err(Errno.EEXIST, v + " has a queue of events");
        });
    }
}
