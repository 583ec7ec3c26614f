// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.iommuemu.host.GuestInvalidation;
import org.iommuemu.host.GuestInvalidation.Cache;
import org.iommuemu.host.GuestInvalidation.Scope;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.control.PasidAllocator;

/**
 * What a guest asks to be invalidated.
 *
 * @param caches where
 * @param scope the whole guest, one PASID, or addresses of it
 * @param pasid or {@link IommuDriver#NO_PASID}
 * @param asid the guest's ASID, or {@link #NO_ASID}
 * @param address of a range: any address of its first page
 * @param granuleBytes of a range: bytes of a page, a power of two of at least 4096
 * @param granules of a range: how many pages, at least 1
 * @param leaves of a range: whether no tables have gone
 */
public record CacheInvalidation(
        Set<Cache> caches,
        Scope scope,
        int pasid,
        int asid,
        long address,
        long granuleBytes,
        long granules,
        boolean leaves) {
    /** Of VT-d, which has none; or of addresses of any. */
    public static final int NO_ASID = -1;

    private static final int LEAST_GRANULE = 1 << 12;
    private static final int ASID_END = 1 << 16;

    /** Everything of the guest. */
    public static CacheInvalidation all(Cache... caches) {
        return new CacheInvalidation(set(caches), Scope.GUEST, IommuDriver.NO_PASID, NO_ASID, 0, 0, 0, false);
    }

    /** All of a PASID. */
    public static CacheInvalidation pasid(int pasid, int asid, Cache... caches) {
        return new CacheInvalidation(set(caches), Scope.SPACE, pasid, asid, 0, 0, 0, false);
    }

    /** Pages of 4 KiB of a PASID. */
    public static CacheInvalidation pages(int pasid, int asid, long address, long pages, Cache... caches) {
        return new CacheInvalidation(set(caches), Scope.RANGE, pasid, asid, address, LEAST_GRANULE, pages, true);
    }

    private static Set<Cache> set(Cache... caches) {
        EnumSet<Cache> set = EnumSet.noneOf(Cache.class);
        set.addAll(Arrays.asList(caches));
        return set;
    }

    /** Whether something is meant by it. */
    boolean isMeaningful(InvalidationPolicy policy, boolean guestContexts) {
        return caches.stream().allMatch(c -> policy.supports(c, scope) && names(c, guestContexts))
                && (pasid == IommuDriver.NO_PASID || pasid > 0 && pasid < PasidAllocator.END)
                && (scope != Scope.SPACE || pasid != IommuDriver.NO_PASID || asid != NO_ASID)
                && (scope != Scope.RANGE || isRange());
    }

    /** Whether it says of which entries of a cache: where guests have contexts of their own, ASIDs tag what IOTLBs hold. */
    private boolean names(Cache cache, boolean guestContexts) {
        if (guestContexts && asid != NO_ASID && (asid < 0 || asid >= ASID_END)) {
            return false;
        }
        return switch (scope) {
            case GUEST -> true;
            case SPACE ->
                guestContexts && cache == Cache.TRANSLATIONS ? asid != NO_ASID : pasid != IommuDriver.NO_PASID;
            case RANGE -> !guestContexts || cache != Cache.TRANSLATIONS || asid != NO_ASID;
        };
    }

    private boolean isRange() {
        return granuleBytes >= LEAST_GRANULE
                && Long.bitCount(granuleBytes) == 1
                && granules > 0
                && granules <= Long.MAX_VALUE / granuleBytes
                && Long.compareUnsigned(address + bytes() - 1, address) >= 0;
    }

    private long bytes() {
        return granules * granuleBytes;
    }

    /** What a driver is told for one of the caches. */
    GuestInvalidation of(Cache cache) {
        return switch (scope) {
            case GUEST -> GuestInvalidation.all(cache);
            case SPACE -> GuestInvalidation.space(cache, pasid, asid);
            case RANGE ->
                new GuestInvalidation(
                        cache,
                        scope,
                        pasid,
                        asid,
                        address,
                        bytes(),
                        leaves ? Long.numberOfTrailingZeros(granuleBytes) : 0);
        };
    }
}
