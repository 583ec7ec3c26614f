// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.lint;

import org.iommuemu.bits.Layout;
import org.iommuemu.iommu.lint.StructureBits;
import org.iommuemu.vtd.spec.ContextEntry;
import org.iommuemu.vtd.spec.Irte;
import org.iommuemu.vtd.spec.PasidDirectoryEntry;
import org.iommuemu.vtd.spec.PasidEntry;
import org.iommuemu.vtd.spec.RootEntry;

/** Which bits of an entry the unit may use, and which entries it may cache (VT-d architecture 6.1, 6.2). */
final class EntryBits implements StructureBits {
    private static final long SECOND_STAGE = PasidEntry.AW.mask() | PasidEntry.SSPTPTR.mask() | PasidEntry.SSADE.mask();
    private static final long FIRST_STAGE =
            PasidEntry.FSPTPTR.mask() | PasidEntry.FSPM.mask() | PasidEntry.WPE.mask() | PasidEntry.EAFE.mask();
    private static final long SOFTWARE = 0xF00;

    private final boolean cachingMode;

    /** Under caching mode, entries that are not present may be cached too. */
    EntryBits(boolean cachingMode) {
        this.cachingMode = cachingMode;
    }

    static boolean hasFirstStage(long[] pasid) {
        int type = PasidEntry.PGTT.getInt(pasid);
        return type == PasidEntry.FIRST_STAGE || type == PasidEntry.NESTED;
    }

    static boolean hasSecondStage(long[] pasid) {
        int type = PasidEntry.PGTT.getInt(pasid);
        return type == PasidEntry.SECOND_STAGE || type == PasidEntry.NESTED;
    }

    @Override
    public long used(Layout layout, long[] words, int word) {
        if (layout.equals(RootEntry.LAYOUT)) {
            long present = word == 0 ? RootEntry.P.mask() : RootEntry.UP.mask();
            long pointer = word == 0 ? RootEntry.CTP.mask() : RootEntry.UCTP.mask();
            return (words[word] & present) == 0 ? present : present | pointer;
        }
        if ((words[0] & ContextEntry.P.mask()) == 0) {
            return word == 0 ? ContextEntry.P.mask() : 0;
        }
        if (layout.equals(ContextEntry.LAYOUT)) {
            boolean tables = ContextEntry.TT.getInt(words) != ContextEntry.TT_PASS_THROUGH;
            return word == 0
                    ? ~(tables ? 0 : ContextEntry.SSPTPTR.mask())
                    : ContextEntry.DID.mask() | ContextEntry.AW.mask();
        } else if (layout.equals(PasidEntry.LAYOUT)) {
            return switch (word) {
                case 0 -> ~(hasSecondStage(words) ? 0 : SECOND_STAGE);
                case 2 -> PasidEntry.SRE.mask() | (hasFirstStage(words) ? FIRST_STAGE : 0);
                default -> -1L;
            };
        }
        // Some bits of an IRTE are for software.
        return layout.equals(Irte.LAYOUT) && word == 0 ? ~SOFTWARE : -1L;
    }

    @Override
    public boolean isActive(Layout layout, long[] words) {
        boolean pointer = layout.equals(RootEntry.LAYOUT) || layout.equals(PasidDirectoryEntry.LAYOUT);
        return !pointer && ContextEntry.P.isSet(words);
    }

    @Override
    public boolean isCacheable(Layout layout, long[] words) {
        boolean upper = layout.equals(RootEntry.LAYOUT) && RootEntry.UP.isSet(words);
        return cachingMode || ContextEntry.P.isSet(words) || upper;
    }
}
