// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.ExtendedCapability;

/** Which invalidation descriptors a unit knows, and which of their bits must be zero (VT-d architecture 6.5.2). */
final class DescriptorRules {
    private static final long TYPE = 0xE0F;
    private static final long IH_AND_AM_AND_ADDRESS = 0x7F | -0x1000L;

    private static final long HPT_OPERANDS = 0xFF | -0x1000L;

    private static final long WAIT_FOR_SOMETHING = Descriptor.IF.mask() | Descriptor.SW.mask() | Descriptor.FN.mask();

    private final VtdFeatures features;

    DescriptorRules(VtdFeatures features) {
        this.features = features;
    }

    /** Whether a descriptor type is there, in a translation table mode whose width the queue has. */
    boolean isThere(Descriptor d, int mode) {
        boolean scalable = mode != ContextLookup.LEGACY && features.hasExtended(ExtendedCapability.SMTS);
        return switch (d) {
            // Without interrupt remapping the interrupt entry cache is there, and empty.
            case CONTEXT_CACHE, IOTLB, WAIT, INTERRUPT_ENTRY_CACHE -> true;
            case DEVICE_TLB -> features.hasExtended(ExtendedCapability.DT);
            case PASID_IOTLB, PASID_CACHE -> scalable;
            case PASID_DEVICE_TLB -> scalable && features.hasExtended(ExtendedCapability.DT);
            case PAGE_GROUP_RESPONSE -> scalable && features.hasExtended(ExtendedCapability.PRS);
            case HPT_CACHE -> scalable && features.hasExtended(ExtendedCapability.HPTS);
        };
    }

    /** Whether a descriptor has no reserved bit set and no granularity that does not exist. */
    boolean isClean(Descriptor d, long word0, long word1) {
        int granularity = Descriptor.G.getInt(word0);
        return switch (d) {
            case CONTEXT_CACHE -> granularity != 0 && isZero(word0, 0x0003_FFFF_FFFF_0030L) && word1 == 0;
            case IOTLB ->
                granularity != 0
                        && isZero(word0, 0xFFFF_00F0L)
                        && (word1 & ~IH_AND_AM_AND_ADDRESS) == 0
                        && (granularity != Descriptor.SELECTIVE || isLegalPage(word1));
            case DEVICE_TLB -> isZero(word0, 0xFFF0_FFFF_001F_F000L) && (word1 & 0xFFE) == 0;
            case INTERRUPT_ENTRY_CACHE -> isZero(word0, 0xFFFF_F800_0010L) && word1 == 0;
            case WAIT ->
                (word0 & WAIT_FOR_SOMETHING) != 0
                        && isZero(
                                word0,
                                0xFFFF_FFFF_0000_0070L | (features.hasExtended(ExtendedCapability.PDS) ? 0x80 : 0))
                        && (word1 & 3) == 0;
            case PASID_IOTLB ->
                (granularity == Descriptor.DOMAIN || granularity == Descriptor.SELECTIVE)
                        && isZero(word0, 0x000F_FFFF_FFFF_0030L)
                        && (word1 & ~IH_AND_AM_AND_ADDRESS) == 0
                        && (granularity != Descriptor.SELECTIVE || isLegalMask(word1));
            case PASID_CACHE -> granularity != Descriptor.DOMAIN && isZero(word0, 0x000F_FFFF_FFFF_0030L) && word1 == 0;
            case PASID_DEVICE_TLB -> (word1 & 0x7FE) == 0;
            case HPT_CACHE ->
                granularity != 0
                        && isZero(word0, 0xFFFF_0030L)
                        && (word1 & ~HPT_OPERANDS) == 0
                        && (granularity != Descriptor.SELECTIVE || isLegalMask(word1));
            case PAGE_GROUP_RESPONSE -> isZero(word0, 0x000F_FFFF_FFFF_F010L) && (word1 & ~0xFFFL) == 0;
        };
    }

    private static boolean isZero(long word0, long fields) {
        return (word0 & ~(fields | TYPE)) == 0;
    }

    private boolean isLegalPage(long word1) {
        return features.has(Capability.PSI) && isLegalMask(word1);
    }

    private boolean isLegalMask(long word1) {
        return Descriptor.AM.getInt(word1) <= Capability.MAMV.getInt(features.cap());
    }
}
