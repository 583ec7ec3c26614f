// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** Second-stage tables of VT-d (VT-d architecture 9.8; 3, 4 and 5 levels of 9 bits). */
public final class VtdSecondStage {
    /** {@link #permissions}: leaves are marked dirty by hardware, so that a clean one is not yet writable. */
    public static final int DIRTY_TRACKED = 1;
    /** {@link #permissions}: those of devices are IR and IW. */
    public static final int SEPARATE = 1 << 1;

    private static final Layout.Builder T = Layout.builder("second-stage table entry", 1, "VT-d 9.8");
    private static final Layout.Builder L = Layout.builder("second-stage leaf", 1, "VT-d 9.8");
    /** Read. */
    public static final BitField R = T.bit("R", 0);
    /** Write. */
    public static final BitField W = T.bit("W", 1);
    /** Page size: a leaf above the last level. */
    public static final BitField PS = BitField.bit("PS", 7);
    /** Accessed. */
    public static final BitField A = T.bit("A", 8);
    /** Next table. */
    public static final BitField TABLE_ADDRESS = T.address("ADDR", 51, 12);
    /** Table entry. */
    public static final Layout TABLE = T.build();

    /** Memory type. */
    public static final BitField EMT = BitField.of("EMT", 5, 3);
    /** Ignore PAT. */
    public static final BitField IPAT = BitField.bit("IPAT", 6);
    /** Dirty. */
    public static final BitField D = BitField.bit("D", 9);
    /** Snoop. */
    public static final BitField SNP = BitField.bit("SNP", 11);
    /** Read, by a device where permissions are separate. */
    public static final BitField IR = BitField.bit("IR", 61);
    /** Write, by a device where permissions are separate. */
    public static final BitField IW = BitField.bit("IW", 62);
    /** Leaf. */
    public static final Layout LEAF =
            L.with(R, W, EMT, IPAT, PS, A, D, SNP, TABLE_ADDRESS).build();

    private static final int LARGEST_HEIGHT = 4;
    private static final int GRANULE = 12;
    private static final long BIT_62 = 1L << 62;

    private VtdSecondStage() {}

    /**
     * The format of one unit.
     *
     * @param addressWidth host address width in bits
     * @param largeHeights heights of large leaves, as bits: 1 for 2 MiB, 2 for 1 GiB
     * @param snoopControl whether leaves have SNP
     * @param transientMappings whether leaves have TM, as they had on units with device TLBs before it was given up
     * @param scalable whether walks end where R and W of the levels so far leave nothing, which is a fault of its own then
     */
    public static TableFormat format(
            int addressWidth, int largeHeights, boolean snoopControl, boolean transientMappings, boolean scalable) {
        long present = R.mask() | W.mask();
        long leafReserved = transientMappings ? 0 : BIT_62;
        return format(addressWidth, largeHeights, snoopControl, scalable, present, BIT_62, leafReserved);
    }

    /** The format of one unit while RTADDR.SSIRWE is set: devices have permissions of their own, IR and IW. */
    public static TableFormat separate(int addressWidth, int largeHeights, boolean snoopControl) {
        return format(addressWidth, largeHeights, snoopControl, true, IR.mask() | IW.mask(), 0, 0);
    }

    private static TableFormat format(
            int addressWidth,
            int largeHeights,
            boolean snoopControl,
            boolean scalable,
            long present,
            long tableReserved,
            long leafReserved) {
        long beyond = (1L << 52) - (1L << addressWidth);
        TableFormat.Builder b = TableFormat.builder("VT-d second stage", GRANULE)
                .levelsFromOne()
                .types(PS.mask(), 0, PS.mask(), 0)
                .present(present)
                .grants(present)
                .endsUngranted(scalable)
                .address(addressWidth - 1, GRANULE)
                .accessFlag(A.mask())
                .reserved(
                        SNP.mask() | beyond | tableReserved,
                        (snoopControl ? 0 : SNP.mask()) | beyond | leafReserved,
                        0);
        for (int h = 1; h <= LARGEST_HEIGHT; h++) {
            if ((largeHeights >>> h & 1) != 0) {
                b.blocksAt(h);
            }
        }
        return b.build();
    }

    /**
     * What a leaf allows.
     *
     * @param restrictions accumulated over the tables: bits of R and W, or IR and IW, that are missing in one of them
     * @param controls {@link #DIRTY_TRACKED}, {@link #SEPARATE}
     */
    public static int permissions(long leaf, long restrictions, int controls) {
        long granted = leaf & ~restrictions;
        boolean separate = (controls & SEPARATE) != 0;
        boolean read = (separate ? IR : R).isSet(granted);
        boolean write = (separate ? IW : W).isSet(granted) && ((controls & DIRTY_TRACKED) == 0 || D.isSet(leaf));
        int bits = Permission.of(true, read, write, read);
        return bits | Permission.of(false, read, write, read);
    }
}
