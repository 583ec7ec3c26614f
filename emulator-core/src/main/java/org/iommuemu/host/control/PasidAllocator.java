// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.TreeMap;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.jspecify.annotations.Nullable;

/** PASIDs of the whole system, each of one owner; 0 is kept for requests without PASID. */
public final class PasidAllocator {
    /** One more than the largest PASID there can be (PCIe §6.20). */
    public static final int END = 1 << 20;

    private final TreeMap<Integer, Object> owners = new TreeMap<>();

    /**
     * Allocates the lowest that is free.
     *
     * @param min at least this, or 1 if it is 0
     * @param max at most this
     * @param owner compared by identity
     * @return {@link Errno#EINVAL} if the range is empty, {@link Errno#ENOSPC} if none in it is free
     */
    public Result<Integer> allocate(int min, int max, Object owner) {
        if (min < 0 || max < min) {
            return Result.err(Errno.EINVAL, "PASID range " + min + " to " + max);
        }
        int pasid = Math.max(min, 1);
        while (owners.containsKey(pasid)) {
            pasid++;
        }
        if (pasid > max || pasid >= END) {
            return Result.err(Errno.ENOSPC, "no PASID is free from " + min + " to " + max);
        }
        owners.put(pasid, owner);
        return Result.ok(pasid);
    }

    /** Whose it is, or null if it is free. */
    public @Nullable Object owner(int pasid) {
        return owners.get(pasid);
    }

    /** Frees one; nothing may be attached with it any more. */
    public void free(int pasid) {
        owners.remove(pasid);
    }

    /** How many are allocated. */
    public int allocated() {
        return owners.size();
    }
}
