// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.nio.ByteBuffer;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.UserCopy;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.vfio.spec.DmaMap;
import org.iommuemu.host.vfio.spec.DmaUnmap;
import org.iommuemu.host.vfio.spec.IommuInfo;

/** VFIO_IOMMU_MAP_DMA, UNMAP_DMA and GET_INFO: the structures, in the order of their checks. */
record DmaCalls(ControlCore core) {
    private static final long PAGE_SIZES = 1L << 12 | 1L << 21 | 1L << 30;

    long map(Type1Iommu iommu, Caller caller, UserBuffer argument) {
        ByteBuffer map = new UserCopy(argument, core::fails).in(0, DmaMap.BYTES);
        if (map == null) {
            return Errno.EFAULT.returned();
        }
        long flags = DmaMap.FLAGS.get(map);
        if (DmaMap.ARGSZ.get(map) < DmaMap.BYTES || (flags & ~(DmaMap.READ | DmaMap.WRITE)) != 0) {
            return Errno.EINVAL.returned();
        }
        int permissions = ((flags & DmaMap.READ) == 0 ? 0 : IommuDriver.READ)
                | ((flags & DmaMap.WRITE) == 0 ? 0 : IommuDriver.WRITE);
        return iommu.map(
                        caller.process().addressSpace(),
                        DmaMap.VADDR.get(map),
                        DmaMap.IOVA.get(map),
                        DmaMap.SIZE.get(map),
                        permissions)
                .returned();
    }

    /** What was unmapped stays so, even if the caller cannot be told how much it was. */
    long unmap(Type1Iommu iommu, Caller caller, UserBuffer argument) {
        UserCopy copy = new UserCopy(argument, core::fails);
        ByteBuffer unmap = copy.in(0, DmaUnmap.BYTES);
        if (unmap == null) {
            return Errno.EFAULT.returned();
        }
        if (DmaUnmap.ARGSZ.get(unmap) < DmaUnmap.BYTES || DmaUnmap.FLAGS.get(unmap) != 0) {
            return Errno.EINVAL.returned();
        }
        Result<Long> unmapped =
                iommu.unmap(caller.process().addressSpace(), DmaUnmap.IOVA.get(unmap), DmaUnmap.SIZE.get(unmap));
        if (!unmapped.isOk()) {
            return unmapped.returned();
        }
        DmaUnmap.SIZE.put(unmap, unmapped.value());
        return copy.out(0, unmap) ? 0 : Errno.EFAULT.returned();
    }

    long info(UserBuffer argument) {
        UserCopy copy = new UserCopy(argument, core::fails);
        ByteBuffer info = copy.in(0, IommuInfo.BYTES);
        if (info == null) {
            return Errno.EFAULT.returned();
        }
        if (IommuInfo.ARGSZ.get(info) < IommuInfo.BYTES) {
            return Errno.EINVAL.returned();
        }
        IommuInfo.FLAGS.put(info, IommuInfo.PGSIZES);
        IommuInfo.IOVA_PGSIZES.put(info, PAGE_SIZES);
        return copy.out(0, info) ? 0 : Errno.EFAULT.returned();
    }
}
