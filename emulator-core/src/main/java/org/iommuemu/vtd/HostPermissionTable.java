// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.Access;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.HostPermissionEntry;
import org.iommuemu.vtd.spec.PasidEntry;
import org.jspecify.annotations.Nullable;

/**
 * Host permission tables: what a translated request may do at a host address (10.6). Four levels, never cached: the first
 * permission that is not zero counts.
 */
final class HostPermissionTable {
    private static final int TOP = 4;
    private static final int SMALLEST_BITS = 49;
    private static final int[] TABLE_SHIFTS = {0, 17, 25, 33, 41};
    private static final int[] PERMISSION_SHIFTS = {0, 12, 21, 30};
    private static final int[] PERMISSION_COUNTS = {0, 32, 16, 8};
    private static final int INDEX_MASK = 0xFF;
    private static final int PERMISSION_BITS = 4;
    private static final int PERMISSIONS_PER_WORD = 16;
    private static final long RESERVED_PERMISSIONS = 0xCCCC_CCCC_CCCC_CCCCL;
    private static final int READ = 1;
    private static final int WRITE = 2;

    private final EntryReader reader;
    private final long linkReserved;
    private final boolean gigabytes;
    private final long[] entry = new long[HostPermissionEntry.WORDS];

    HostPermissionTable(VtdFeatures features, EntryReader reader) {
        this.reader = reader;
        linkReserved = reader.reservedBits(HostPermissionEntry.LAYOUT, HostPermissionEntry.ADDRESS)[1];
        gigabytes = features.hasExtended(ExtendedCapability.HPT1GPS);
    }

    /** Why an access to a host address is refused by the tables of a PASID entry, or null. */
    @Nullable
    FaultReason check(long[] pasidEntry, long address, int access) {
        long table = PasidEntry.HPTPTR.inPlace(pasidEntry);
        if (table >>> reader.addressBits() != 0) {
            return FaultReason.SM_PASID_RESERVED;
        }
        if (address >>> SMALLEST_BITS + PasidEntry.HPTSZ.getInt(pasidEntry) != 0) {
            return FaultReason.HPT_RANGE;
        }
        for (int level = TOP; ; level--) {
            long index = address >>> TABLE_SHIFTS[level];
            long at = table + (level == TOP ? index : index & INDEX_MASK) * HostPermissionEntry.BYTES;
            if (!reader.read(HostPermissionEntry.LAYOUT, at, entry)) {
                return level == TOP ? FaultReason.HPT_TOP_FETCH : FaultReason.HPT_FETCH;
            }
            if (isMalformed(level)) {
                return FaultReason.HPT_RESERVED;
            }
            int permission = level == TOP ? 0 : permission(level, address);
            if (permission != 0 || level == 1 || !HostPermissionEntry.AV.isSet(entry)) {
                return judge(permission, access);
            }
            table = HostPermissionEntry.ADDRESS.inPlace(entry);
        }
    }

    private boolean isMalformed(int level) {
        boolean permissions = (entry[0] & reservedPermissions(level)) != 0;
        return permissions || (entry[1] & (level == 1 ? RESERVED_PERMISSIONS : linkReserved)) != 0;
    }

    private long reservedPermissions(int level) {
        return switch (level) {
            case TOP -> -1L;
            case TOP - 1 -> gigabytes ? RESERVED_PERMISSIONS | -1L << Integer.SIZE : -1L;
            default -> RESERVED_PERMISSIONS;
        };
    }

    private int permission(int level, long address) {
        int n = (int) (address >>> PERMISSION_SHIFTS[level]) & PERMISSION_COUNTS[level] - 1;
        return (int) (entry[n / PERMISSIONS_PER_WORD] >>> n % PERMISSIONS_PER_WORD * PERMISSION_BITS) & (READ | WRITE);
    }

    private static @Nullable FaultReason judge(int permission, int access) {
        boolean writes = Access.isWrite(access);
        boolean reads = !writes || (access & Access.ATOMIC) != 0;
        if (writes && (permission & WRITE) == 0) {
            return FaultReason.HPT_NO_WRITE;
        }
        return reads && (permission & READ) == 0 ? FaultReason.HPT_NO_READ : null;
    }
}
