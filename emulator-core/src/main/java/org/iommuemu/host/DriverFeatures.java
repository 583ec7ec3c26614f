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
        int firstStageBits) {}
