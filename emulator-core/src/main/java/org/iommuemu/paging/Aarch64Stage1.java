// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import static org.iommuemu.paging.Aarch64Descriptor.AF;
import static org.iommuemu.paging.Aarch64Descriptor.AP_READ_ONLY;
import static org.iommuemu.paging.Aarch64Descriptor.AP_TABLE;
import static org.iommuemu.paging.Aarch64Descriptor.AP_UNPRIVILEGED;
import static org.iommuemu.paging.Aarch64Descriptor.CONTIGUOUS;
import static org.iommuemu.paging.Aarch64Descriptor.DBM;
import static org.iommuemu.paging.Aarch64Descriptor.NG;
import static org.iommuemu.paging.Aarch64Descriptor.PXN;
import static org.iommuemu.paging.Aarch64Descriptor.PXN_TABLE;
import static org.iommuemu.paging.Aarch64Descriptor.UXN;
import static org.iommuemu.paging.Aarch64Descriptor.XN_TABLE;

/** VMSAv8-64 stage 1: the table formats of the three granules and the direct permission scheme (DDI 0487 §D8.2-D8.4). */
public final class Aarch64Stage1 {
    /** Level of pages. */
    public static final int LAST_LEVEL = 3;

    /** {@link #permissions}: writable means not executable (CD.WXN). */
    public static final int WXN = 1;
    /** {@link #permissions}: privileged access never (CD.PAN). */
    public static final int PAN = 1 << 1;
    /** {@link #permissions}: PAN counts unprivileged execute too (CD.EPAN). */
    public static final int EPAN = 1 << 2;
    /** {@link #permissions}: the regime has one privilege (EL2). */
    public static final int ONE_PRIVILEGE = 1 << 3;

    private static final long RESTRICTIONS = PXN_TABLE.mask() | XN_TABLE.mask() | AP_TABLE.mask();
    private static final int AP_TABLE_NO_UNPRIVILEGED = 1;
    private static final int AP_TABLE_NO_WRITE = 2;

    private static final TableFormat G4K = common("4K", 12, 0)
            .address(47, 12)
            .blocksAt(1)
            .blocksAt(2)
            .contiguous(CONTIGUOUS.mask(), 4, 4, 4)
            .build();
    private static final TableFormat G16K = common("16K", 14, 1)
            .address(47, 14)
            .blocksAt(1)
            .contiguous(CONTIGUOUS.mask(), 7, 5)
            .build();
    private static final TableFormat G64K = common("64K", 16, 2)
            .address(47, 16)
            .blocksAt(1)
            .contiguous(CONTIGUOUS.mask(), 5, 5)
            .build();
    private static final TableFormat G64K_WIDE = common("64K, 52-bit", 16, 2)
            .address(47, 16)
            .highAddress(15, 12, 36)
            .blocksAt(1)
            .blocksAt(2)
            .contiguous(CONTIGUOUS.mask(), 5, 5)
            .build();
    private static final TableFormat G4K_WIDE = common("4K, 52-bit", 12, 0)
            .address(49, 12)
            .highAddress(9, 8, 42)
            .blocksAt(1)
            .blocksAt(2)
            .blocksAt(3)
            .contiguous(CONTIGUOUS.mask(), 4, 4, 4)
            .build();
    private static final TableFormat G16K_WIDE = common("16K, 52-bit", 14, 1)
            .address(49, 14)
            .highAddress(9, 8, 42)
            .blocksAt(1)
            .blocksAt(2)
            .contiguous(CONTIGUOUS.mask(), 7, 5)
            .build();

    private Aarch64Stage1() {}

    /**
     * The format of a granule.
     *
     * @param granuleShift 12, 14 or 16
     * @param wide whether descriptors hold 52-bit addresses (CD.DS with 4K and 16K, 64K on a machine of 52 bits)
     * @throws IllegalArgumentException for any other granule
     */
    public static TableFormat format(int granuleShift, boolean wide) {
        return switch (granuleShift) {
            case 12 -> wide ? G4K_WIDE : G4K;
            case 14 -> wide ? G16K_WIDE : G16K;
            case 16 -> wide ? G64K_WIDE : G64K;
            default -> throw new IllegalArgumentException("no granule of 2^" + granuleShift + " bytes");
        };
    }

    private static TableFormat.Builder common(String granule, int granuleShift, int granuleCode) {
        return TableFormat.builder("VMSAv8-64 stage 1, " + granule, granuleShift)
                .granuleCode(granuleCode)
                .lastLevel(LAST_LEVEL)
                .types(0b11, 0b11, 0b01, 0b11)
                .restrictions(RESTRICTIONS)
                .accessFlag(AF.mask());
    }

    /** The leaf with its dirty mark, AP[2]=0, if DBM lets hardware set it (DDI 0487 §D8.5). */
    public static long dirty(long leaf) {
        return DBM.isSet(leaf) ? leaf & ~AP_READ_ONLY.mask() : leaf;
    }

    /** Whether a leaf is shared by all address spaces. */
    public static boolean isGlobal(long leaf) {
        return !NG.isSet(leaf);
    }

    /**
     * What a leaf allows, the restrictions of the tables above it included (DDI 0487 §D8.4).
     *
     * @param leaf the block or page descriptor
     * @param restrictions accumulated by the walk
     * @param controls {@link #WXN}, {@link #PAN}, {@link #EPAN}, {@link #ONE_PRIVILEGE}
     * @return {@link Permission} bits
     */
    public static int permissions(long leaf, long restrictions, int controls) {
        int apTable = AP_TABLE.getInt(restrictions);
        boolean writable = !AP_READ_ONLY.isSet(leaf) && (apTable & AP_TABLE_NO_WRITE) == 0;
        boolean wxn = (controls & WXN) != 0;
        boolean xn = UXN.isSet(leaf) || XN_TABLE.isSet(restrictions);
        if ((controls & ONE_PRIVILEGE) != 0) {
            boolean execute = !xn && !(wxn && writable);
            return Permission.of(true, true, writable, execute) | Permission.of(false, true, writable, execute);
        }
        boolean unprivileged = AP_UNPRIVILEGED.isSet(leaf) && (apTable & AP_TABLE_NO_UNPRIVILEGED) == 0;
        boolean unprivilegedWrite = unprivileged && writable;
        boolean unprivilegedExecute = !xn && !(wxn && unprivilegedWrite);
        boolean pxn = PXN.isSet(leaf) || PXN_TABLE.isSet(restrictions);
        boolean privilegedExecute = !pxn && !unprivilegedWrite && !(wxn && writable);
        boolean never = (controls & PAN) != 0 && (unprivileged || (controls & EPAN) != 0 && unprivilegedExecute);
        return Permission.of(true, !never, writable && !never, privilegedExecute)
                | Permission.of(false, unprivileged, unprivilegedWrite, unprivilegedExecute);
    }
}
