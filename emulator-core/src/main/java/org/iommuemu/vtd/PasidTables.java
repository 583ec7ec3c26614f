// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.vtd.spec.PasidDirectoryEntry;
import org.iommuemu.vtd.spec.PasidEntry;
import org.iommuemu.vtd.spec.ScalableContextEntry;
import org.jspecify.annotations.Nullable;

/** PASID directory and tables of a scalable-mode context entry (VT-d architecture 9.4-9.6). */
final class PasidTables {
    private static final int DIRECTORY_SHIFT = 6;
    private static final int SMALLEST_DIRECTORY_BITS = 7;

    private final EntryReader reader;
    private final long[] directory = new long[PasidDirectoryEntry.WORDS];
    private final long[] entry = new long[PasidEntry.WORDS];
    private final long[] directoryReserved;
    private boolean suppressed;

    PasidTables(EntryReader reader) {
        this.reader = reader;
        directoryReserved = reader.reservedBits(PasidDirectoryEntry.LAYOUT, PasidDirectoryEntry.SMPTBLPTR);
    }

    /** Whether a PASID has no place in the directory of a context entry. */
    static boolean isBeyond(long[] context, int pasid) {
        int bits = ScalableContextEntry.PDTS.getInt(context) + SMALLEST_DIRECTORY_BITS + DIRECTORY_SHIFT;
        return pasid >>> bits != 0;
    }

    /** Finds a PASID's entry, which {@link #entry()} is then; else tells why not. */
    @Nullable
    FaultReason find(long[] context, int pasid) {
        suppressed = false;
        long at = ScalableContextEntry.PASIDDIRPTR.inPlace(context) + ((long) pasid >>> DIRECTORY_SHIFT) * Long.BYTES;
        if (!reader.read(PasidDirectoryEntry.LAYOUT, at, directory)) {
            return FaultReason.SM_DIRECTORY_FETCH;
        }
        suppressed = PasidDirectoryEntry.FPD.isSet(directory);
        if (!PasidDirectoryEntry.P.isSet(directory)) {
            return FaultReason.SM_DIRECTORY_NOT_PRESENT;
        }
        if (EntryReader.breaks(directory, directoryReserved)) {
            return FaultReason.SM_DIRECTORY_RESERVED;
        }
        long place = PasidDirectoryEntry.SMPTBLPTR.inPlace(directory)
                + (long) (pasid & (1 << DIRECTORY_SHIFT) - 1) * PasidEntry.BYTES;
        if (!reader.read(PasidEntry.LAYOUT, place, entry)) {
            return FaultReason.SM_PASID_FETCH;
        }
        suppressed |= PasidEntry.FPD.isSet(entry);
        return PasidEntry.P.isSet(entry) ? null : FaultReason.SM_PASID_NOT_PRESENT;
    }

    /** Whether FPD was set on the way, as far as the last search came. */
    boolean isSuppressed() {
        return suppressed;
    }

    /** The entry that was found last. */
    long[] entry() {
        return entry;
    }
}
