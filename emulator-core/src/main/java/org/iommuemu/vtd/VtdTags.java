// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.TagNames;

/** The context tags of cached translations and contexts: domain id, PASID, and which stage (VT-d architecture 6.2). */
final class VtdTags {
    private static final BitField PASID = BitField.of("PASID", 19, 0);
    private static final BitField DID = BitField.of("DID", 47, 32);
    private static final BitField FIRST_STAGE = BitField.bit("first stage", 48);

    /** All bits. */
    static final long EXACT = -1L;
    /** The domain alone. */
    static final long DOMAIN = DID.mask();
    /** The domain, and that it is a first stage. */
    static final long DOMAIN_FIRST_STAGE = DID.mask() | FIRST_STAGE.mask();
    /** The domain and the PASID. */
    static final long GROUP = DID.mask() | PASID.mask();

    /** What reports call them. */
    static final TagNames NAMES = new TagNames() {
        @Override
        public String addressSpace(long tag) {
            return "DID " + DID.get(tag) + (FIRST_STAGE.isSet(tag) ? " PASID " + PASID.get(tag) : "");
        }

        @Override
        public String group(long mask, long value) {
            return "DID " + DID.get(value) + (PASID.isSet(mask) ? " PASID " + PASID.get(value) : "");
        }
    };

    private VtdTags() {}

    /** Translations by first stage or both; they belong to a PASID. */
    static long firstStage(int domain, int pasid) {
        return FIRST_STAGE.of(1) | DID.of(domain) | PASID.of(pasid);
    }

    /** Translations by second stage alone. */
    static long secondStage(int domain) {
        return DID.of(domain);
    }

    /** Contexts. */
    static long group(int domain, int pasid) {
        return DID.of(domain) | PASID.of(pasid);
    }
}
