// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import java.util.EnumSet;
import java.util.Set;
import org.iommuemu.host.GuestInvalidation.Cache;
import org.iommuemu.host.GuestInvalidation.Scope;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.UserStructure;
import org.iommuemu.host.control.PasidAllocator;
import org.iommuemu.host.guest.spec.CacheInvalidateInfo;
import org.iommuemu.host.guest.spec.CarrierLayout;

/** VFIO_IOMMU_CACHE_INVALIDATE: what the caller's bytes say, checked in the order of Linux 5.10's {@code iommu_uapi_cache_invalidate}. */
final class CacheInvalidate {
    private static final int ALL_CACHES =
            CacheInvalidateInfo.IOTLB | CacheInvalidateInfo.DEV_IOTLB | CacheInvalidateInfo.PASID_CACHE;

    private final GuestContainer container;
    private final FailurePlan failures;

    CacheInvalidate(GuestContainer container, FailurePlan failures) {
        this.container = container;
        this.failures = failures;
    }

    long call(UserBuffer argument) {
        UserStructure head = new UserStructure(argument, 0, CarrierLayout.DATA, failures);
        if (!head.copyIn(0, CarrierLayout.DATA)) {
            return Errno.EFAULT.returned();
        }
        long argsz = head.get(CarrierLayout.ARGSZ);
        if (argsz < CarrierLayout.DATA + CacheInvalidateInfo.HEAD_BYTES || head.get(CarrierLayout.FLAGS) != 0) {
            return Errno.EINVAL.returned();
        }
        UserStructure info = new UserStructure(argument, CarrierLayout.DATA, CacheInvalidateInfo.BYTES, failures);
        if (!info.copyIn(0, CacheInvalidateInfo.HEAD_BYTES)) {
            return Errno.EFAULT.returned();
        }
        long bytes = Math.min(info.get(CacheInvalidateInfo.ARGSZ), CacheInvalidateInfo.BYTES);
        if (bytes < least(info.getInt(CacheInvalidateInfo.GRANULARITY)) || argsz < CarrierLayout.DATA + bytes) {
            return Errno.EINVAL.returned();
        }
        if (!info.copyIn(CacheInvalidateInfo.HEAD_BYTES, (int) bytes)) {
            return Errno.EFAULT.returned();
        }
        return isKnown(info) ? container.invalidate(request(info)).returned() : Errno.EINVAL.returned();
    }

    private static int least(int granularity) {
        return switch (granularity) {
            case CacheInvalidateInfo.PASID -> CacheInvalidateInfo.PASID_END;
            case CacheInvalidateInfo.ADDR -> CacheInvalidateInfo.BYTES;
            default -> CacheInvalidateInfo.HEAD_BYTES;
        };
    }

    /** Which caches go with which granularity, the container says. */
    private static boolean isKnown(UserStructure info) {
        int flags = info.getInt(CacheInvalidateInfo.INFO_FLAGS);
        int known = CacheInvalidateInfo.FLAG_PASID | CacheInvalidateInfo.FLAG_ARCHID;
        boolean flagsKnown = switch (info.getInt(CacheInvalidateInfo.GRANULARITY)) {
            case CacheInvalidateInfo.DOMAIN -> true;
            case CacheInvalidateInfo.PASID -> (flags & ~known) == 0;
            case CacheInvalidateInfo.ADDR -> (flags & ~(known | CacheInvalidateInfo.FLAG_LEAF)) == 0;
            default -> false;
        };
        boolean inRange = (flags & CacheInvalidateInfo.FLAG_PASID) == 0
                || info.getInt(CacheInvalidateInfo.GRANULARITY) == CacheInvalidateInfo.DOMAIN
                || Long.compareUnsigned(info.get(CacheInvalidateInfo.INFO_PASID), PasidAllocator.END) < 0;
        return info.get(CacheInvalidateInfo.VERSION) == CacheInvalidateInfo.VERSION_1
                && (info.getInt(CacheInvalidateInfo.CACHE) & ~ALL_CACHES) == 0
                && flagsKnown
                && inRange
                && info.get(CacheInvalidateInfo.PADDING_LOW) == 0
                && info.get(CacheInvalidateInfo.PADDING_HIGH) == 0;
    }

    private static CacheInvalidation request(UserStructure info) {
        Scope scope = Scope.values()[info.getInt(CacheInvalidateInfo.GRANULARITY)];
        int flags = scope == Scope.GUEST ? 0 : info.getInt(CacheInvalidateInfo.INFO_FLAGS);
        boolean hasPasid = (flags & CacheInvalidateInfo.FLAG_PASID) != 0;
        boolean hasAsid = (flags & CacheInvalidateInfo.FLAG_ARCHID) != 0;
        return new CacheInvalidation(
                caches(info.getInt(CacheInvalidateInfo.CACHE)),
                scope,
                hasPasid ? info.getInt(CacheInvalidateInfo.INFO_PASID) : IommuDriver.NO_PASID,
                hasAsid ? asid(info) : CacheInvalidation.NO_ASID,
                info.get(CacheInvalidateInfo.ADDRESS),
                info.get(CacheInvalidateInfo.GRANULE_SIZE),
                info.get(CacheInvalidateInfo.NB_GRANULES),
                (flags & CacheInvalidateInfo.FLAG_LEAF) != 0);
    }

    /** One that there is not stays one that there is not. */
    private static int asid(UserStructure info) {
        return (int) Math.min(info.get(CacheInvalidateInfo.ARCHID), Integer.MAX_VALUE);
    }

    private static Set<Cache> caches(int mask) {
        EnumSet<Cache> set = EnumSet.noneOf(Cache.class);
        for (Cache cache : Cache.values()) {
            if ((mask & 1 << cache.ordinal()) != 0) {
                set.add(cache);
            }
        }
        return set;
    }
}
