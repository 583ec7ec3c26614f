// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.jspecify.annotations.Nullable;

/**
 * PASIDs of the whole system, each of one owner; 0 is kept for requests without PASID. One that is attached somewhere cannot be freed; one
 * that was detached everywhere has been drained, and may be anybody's.
 */
public final class PasidAllocator {
    /** One more than the largest PASID there can be (PCIe §6.20). */
    public static final int END = 1 << 20;

    /** How many an owner may have, unless said otherwise. */
    public static final int QUOTA = 1000;

    private final TreeMap<Integer, Object> owners = new TreeMap<>();
    private final Map<Object, Integer> quotas = new IdentityHashMap<>();
    private final IntPredicate used;

    /**
     * All are free.
     *
     * @param used whether a PASID is attached somewhere
     */
    PasidAllocator(IntPredicate used) {
        this.used = used;
    }

    /** Lets an owner have no more than so many from now on; what it has it keeps. */
    public void quota(Object owner, int most) {
        quotas.put(owner, most);
    }

    /**
     * Allocates the lowest that is free.
     *
     * @param min at least this, or 1 if it is 0
     * @param max at most this
     * @param owner compared by identity
     * @return EINVAL if the range is empty, ENOSPC if none in it is free, or the owner may have no more
     */
    public Result<Integer> allocate(int min, int max, Object owner) {
        if (min < 0 || max < min) {
            return Result.err(Errno.EINVAL, "PASID range " + min + " to " + max);
        }
        if (allocated(owner).size() >= quotas.getOrDefault(owner, QUOTA)) {
            return Result.err(Errno.ENOSPC, "the owner's quota of PASIDs is used up");
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

    /**
     * Frees one, whoever has it.
     *
     * @return EINVAL if it is free, EBUSY if it is attached somewhere
     */
    public Result<Done> free(int pasid) {
        if (!owners.containsKey(pasid)) {
            return Result.err(Errno.EINVAL, "PASID " + pasid + " is free");
        }
        if (used.test(pasid)) {
            return Result.err(Errno.EBUSY, "PASID " + pasid + " is attached");
        }
        owners.remove(pasid);
        return Result.done();
    }

    /**
     * Frees one of an owner.
     *
     * @param foreign the error if it is free, or somebody else's: interfaces differ in that
     * @return EBUSY if it is attached somewhere
     */
    public Result<Done> free(int pasid, Object owner, Errno foreign) {
        return owners.get(pasid) == owner
                ? free(pasid)
                : Result.err(foreign, "PASID " + pasid + " is another's, or free");
    }

    /**
     * Frees all of an owner, which has gone.
     *
     * @return EBUSY if some are attached, which stay
     */
    public Result<Done> freeAll(Object owner) {
        Result<Done> all = Result.done();
        for (int pasid : allocated(owner)) {
            Result<Done> freed = free(pasid);
            all = freed.isOk() ? all : freed;
        }
        quotas.remove(owner);
        return all;
    }

    /** Those of an owner, in ascending order. */
    public List<Integer> allocated(Object owner) {
        List<Integer> found = new ArrayList<>();
        owners.forEach((pasid, o) -> {
            if (o == owner) {
                found.add(pasid);
            }
        });
        return found;
    }

    /** How many are allocated. */
    public int allocated() {
        return owners.size();
    }
}
