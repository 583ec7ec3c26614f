// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/**
 * What a guest has a driver drop, of what caches hold of its own first stages.
 *
 * @param cache where
 * @param scope how much
 * @param pasid of a {@link Scope#SPACE} or {@link Scope#RANGE}, or {@link IommuDriver#NO_PASID}
 * @param asid the guest's number for a space, by which an SMMUv3 tags what it translated; VT-d has the PASID for that
 * @param address first byte of a {@link Scope#RANGE}
 * @param bytes of a {@link Scope#RANGE}, at least 1
 * @param leafShift log2 of the size of the leaves that were there, or 0 if tables may have gone too
 */
public record GuestInvalidation(
        Cache cache, Scope scope, int pasid, int asid, long address, long bytes, int leafShift) {
    /** Kinds of caches. */
    public enum Cache {
        /** IOTLBs; but for the whole of a guest, the device's ATC with them. */
        TRANSLATIONS,
        /** The device's ATC. */
        DEVICE_TRANSLATIONS,
        /** PASID entries, context descriptors. */
        CONTEXTS
    }

    /** How much of them. */
    public enum Scope {
        /** All that the second stage lies behind. */
        GUEST,
        /** One first stage. */
        SPACE,
        /** Addresses of one first stage. */
        RANGE
    }

    /** Everything of a guest. */
    public static GuestInvalidation all(Cache cache) {
        return new GuestInvalidation(cache, Scope.GUEST, IommuDriver.NO_PASID, 0, 0, 0, 0);
    }

    /** All of a first stage. */
    public static GuestInvalidation space(Cache cache, int pasid, int asid) {
        return new GuestInvalidation(cache, Scope.SPACE, pasid, asid, 0, 0, 0);
    }
}
