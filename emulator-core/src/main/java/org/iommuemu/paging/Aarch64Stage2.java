// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import static org.iommuemu.paging.Aarch64Descriptor.AF;
import static org.iommuemu.paging.Aarch64Descriptor.CONTIGUOUS;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** VMSAv8-64 stage 2: the table formats of the three granules and the permissions of their leaves (DDI 0487 §D8.2-D8.4). */
public final class Aarch64Stage2 {
    /** Most tables that a walk may start with side by side: 2^4. */
    public static final int CONCATENATION_BITS = 4;

    /** {@link #permissions}: XN has two bits (IDR3.XNX). */
    public static final int XNX = 1;

    private static final Layout.Builder P = Layout.builder("stage 2 page descriptor", 1, "DDI 0487 §D8.3.2");
    private static final Layout.Builder K = Layout.builder("stage 2 block descriptor", 1, "DDI 0487 §D8.3.2");
    private static final Layout.Builder T = Layout.builder("stage 2 table descriptor", 1, "DDI 0487 §D8.3.1");

    static {
        P.named(Aarch64Descriptor.TYPE, "invalid", "invalid at level 3", "invalid", "page");
        K.named(Aarch64Descriptor.TYPE, "invalid", "block", "invalid", "table");
        T.named(Aarch64Descriptor.TYPE, "invalid", "block", "invalid", "table");
    }

    /** Memory attributes. */
    public static final BitField MEM_ATTR = P.field("MemAttr", 5, 2);
    /** Bit 0 allows reads, bit 1 writes. */
    public static final BitField S2AP = P.field("S2AP", 7, 6, "none", "read-only", "write-only", "read-write");

    static {
        P.with(Aarch64Descriptor.SH, AF, Aarch64Descriptor.OUTPUT, Aarch64Descriptor.DBM, CONTIGUOUS);
    }

    /** Execute never: two bits with IDR3.XNX, else bit 54. */
    public static final BitField XN = P.field("XN", 54, 53);
    /** The page descriptor. */
    public static final Layout PAGE = P.with(Aarch64Descriptor.SOFTWARE).build();
    /** The block descriptor. */
    public static final Layout BLOCK = K.with(
                    MEM_ATTR,
                    S2AP,
                    Aarch64Descriptor.SH,
                    AF,
                    Aarch64Descriptor.NT,
                    Aarch64Descriptor.BLOCK_OUTPUT,
                    Aarch64Descriptor.DBM,
                    CONTIGUOUS,
                    XN)
            .build();
    /** The table descriptor, which has no attributes. */
    public static final Layout TABLE = T.with(Aarch64Descriptor.NEXT_TABLE).build();

    private static final int NOBODY = 2;
    private static final int UNPRIVILEGED_ONLY = 1;
    private static final int PRIVILEGED_ONLY = 3;

    private static final TableFormat G4K = stage2(12, false);
    private static final TableFormat G4K_WIDE = stage2(12, true);
    private static final TableFormat G16K = stage2(14, false);
    private static final TableFormat G16K_WIDE = stage2(14, true);
    private static final TableFormat G64K = stage2(16, false);
    private static final TableFormat G64K_WIDE = stage2(16, true);

    private Aarch64Stage2() {}

    private static TableFormat stage2(int granuleShift, boolean wide) {
        return Aarch64Stage1.format(granuleShift, wide).withoutRestrictions("VMSAv8-64 stage 2");
    }

    /**
     * The format of a granule.
     *
     * @param granuleShift 12, 14 or 16
     * @param wide whether descriptors hold 52-bit addresses (STE.S2DS with 4K and 16K, 64K on a machine of 52 bits)
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

    /** The leaf with its dirty mark, S2AP[1]=1, if DBM lets hardware set it (DDI 0487 §D8.5). */
    public static long dirty(long leaf) {
        return Aarch64Descriptor.DBM.isSet(leaf) ? leaf | S2AP.of(2) : leaf;
    }

    /**
     * What a leaf allows (DDI 0487 §D8.4).
     *
     * @param controls {@link #XNX}
     * @return {@link Permission} bits
     */
    public static int permissions(long leaf, int controls) {
        int access = S2AP.getInt(leaf);
        boolean read = (access & 1) != 0;
        boolean write = (access & 2) != 0;
        int xn = XN.getInt(leaf);
        if ((controls & XNX) == 0) {
            xn &= NOBODY;
        }
        boolean privileged = xn == 0 || xn == PRIVILEGED_ONLY;
        boolean unprivileged = xn == 0 || xn == UNPRIVILEGED_ONLY;
        return Permission.of(true, read, write, privileged) | Permission.of(false, read, write, unprivileged);
    }
}
