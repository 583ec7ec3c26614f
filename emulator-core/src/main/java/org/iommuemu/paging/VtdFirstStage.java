// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** First-stage tables of VT-d, compatible with those of the CPU (VT-d architecture 9.7; 4 and 5 levels of 9 bits). */
public final class VtdFirstStage {
    /** {@link #permissions}: a supervisor's writes honour R/W (WPE). */
    public static final int WRITE_PROTECT = 1;

    private static final Layout.Builder T = Layout.builder("first-stage table entry", 1, "VT-d 9.7");
    private static final Layout.Builder L = Layout.builder("first-stage leaf", 1, "VT-d 9.7");
    /** Present. */
    public static final BitField P = T.bit("P", 0);
    /** Writable. */
    public static final BitField RW = T.bit("R/W", 1);
    /** User. */
    public static final BitField US = T.bit("U/S", 2);
    /** Accessed. */
    public static final BitField A = T.bit("A", 5);
    /** Extended accessed. */
    public static final BitField EA = T.bit("EA", 10);
    /** Next table. */
    public static final BitField TABLE_ADDRESS = T.address("ADDR", 51, 12);
    /** Table entry. */
    public static final Layout TABLE = T.build();

    /** Write-through. */
    public static final BitField PWT = BitField.bit("PWT", 3);
    /** Cache disable. */
    public static final BitField PCD = BitField.bit("PCD", 4);
    /** Dirty. */
    public static final BitField D = BitField.bit("D", 6);
    /** Page size: a leaf above the last level. */
    public static final BitField PS = BitField.bit("PS", 7);
    /** PAT index of a large leaf. */
    public static final BitField LARGE_PAT = BitField.bit("PAT", 12);
    /** Leaf. */
    public static final Layout LEAF =
            L.with(P, RW, US, PWT, PCD, A, D, PS, EA, TABLE_ADDRESS).build();

    private static final int GRANULE = 12;

    private VtdFirstStage() {}

    /**
     * The format of one unit.
     *
     * @param addressWidth host address width in bits
     * @param giantPages whether there are 1 GiB leaves
     * @param extendedAccessed whether EA is marked together with A
     */
    public static TableFormat format(int addressWidth, boolean giantPages, boolean extendedAccessed) {
        long beyond = (1L << 52) - (1L << addressWidth);
        TableFormat.Builder b = TableFormat.builder("VT-d first stage", GRANULE)
                .levelsFromOne()
                .types(PS.mask(), 0, PS.mask(), 0)
                .present(P.mask())
                .grants(RW.mask() | US.mask())
                .address(addressWidth - 1, GRANULE)
                .accessFlag(A.mask() | (extendedAccessed ? EA.mask() : 0))
                .reserved(beyond, beyond, LARGE_PAT.mask())
                .blocksAt(1);
        return giantPages ? b.blocksAt(2).build() : b.build();
    }

    /**
     * What a leaf allows; a clean leaf is not yet writable, as hardware marks it first.
     *
     * @param restrictions accumulated over the tables: bits of R/W and U/S that are missing in one of them
     * @param controls {@link #WRITE_PROTECT} or 0
     */
    public static int permissions(long leaf, long restrictions, int controls) {
        long granted = leaf & ~restrictions;
        boolean user = US.isSet(granted);
        boolean writable = RW.isSet(granted);
        boolean dirty = D.isSet(leaf);
        boolean supervisorWrites = writable || (controls & WRITE_PROTECT) == 0;
        return Permission.of(true, true, dirty && supervisorWrites, true)
                | Permission.of(false, user, dirty && user && writable, user);
    }
}
