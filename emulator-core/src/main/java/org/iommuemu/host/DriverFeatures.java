// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/**
 * What an IOMMU and its driver can do.
 *
 * @param pasids how many PASIDs a device can have, a power of two; 0 where there are none
 * @param firstStage domains of first stages
 * @param secondStage domains of second stages
 * @param identity domains without translation
 * @param nested domains of guests' tables
 * @param guestContexts whether a guest's tables are its table of contexts (SMMUv3), else the first stage of one PASID (VT-d)
 * @param ats translation requests
 * @param pageRequests page requests
 * @param firstStageBits width of addresses that a guest's first stage may have at most
 * @param supervisor whether guests' first stages may take requests with supervisor privilege (VT-d SRS)
 * @param extendedAccess whether they may have extended accessed flags (VT-d EAFS)
 * @param memoryTypes whether guests may choose memory types (VT-d MTS)
 */
public record DriverFeatures(
        int pasids,
        boolean firstStage,
        boolean secondStage,
        boolean identity,
        boolean nested,
        boolean guestContexts,
        boolean ats,
        boolean pageRequests,
        int firstStageBits,
        boolean supervisor,
        boolean extendedAccess,
        boolean memoryTypes) {
    /** Whether a PASID can have a guest's first stage, by what the guest wants of it. */
    public boolean canNest(GuestTables.FirstStage tables) {
        boolean width = tables.addressBits() == GuestTables.FOUR_LEVEL_BITS
                || tables.addressBits() == GuestTables.FIVE_LEVEL_BITS;
        return nested
                && !guestContexts
                && width
                && tables.addressBits() <= firstStageBits
                && (supervisor || !tables.supervisor())
                && (extendedAccess || !tables.extendedAccess());
    }
}
