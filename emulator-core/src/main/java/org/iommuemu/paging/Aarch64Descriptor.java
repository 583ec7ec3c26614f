// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/**
 * VMSAv8-64 translation table descriptors, stage 1 (DDI 0487 §D8.3). Addresses are shown as the 4 KiB granule has them;
 * {@link Aarch64Stage1} knows the other forms.
 */
public final class Aarch64Descriptor {
    private static final Layout.Builder T = Layout.builder("stage 1 table descriptor", 1, "DDI 0487 §D8.3.1");
    private static final Layout.Builder L = Layout.builder("stage 1 page descriptor", 1, "DDI 0487 §D8.3.2");
    private static final Layout.Builder K = Layout.builder("stage 1 block descriptor", 1, "DDI 0487 §D8.3.2");

    /** Bits 1:0: whether and what. */
    public static final BitField TYPE = T.field("Type", 1, 0, "invalid", "block", "invalid", "table");
    /** Next-level table address. */
    public static final BitField NEXT_TABLE = T.address("NextTable", 47, 12);
    /** Removes privileged execute below. */
    public static final BitField PXN_TABLE = T.bit("PXNTable", 59);
    /** Removes unprivileged (or all) execute below. */
    public static final BitField XN_TABLE = T.bit("XNTable", 60);
    /** Removes unprivileged access (bit 61) and writes (bit 62) below. */
    public static final BitField AP_TABLE =
            T.field("APTable", 62, 61, "no effect", "no unprivileged access", "no writes", "neither");
    /** Next table is Non-secure; of no effect here. */
    public static final BitField NS_TABLE = T.bit("NSTable", 63);
    /** The table descriptor. */
    public static final Layout TABLE = T.build();

    static {
        L.named(TYPE, "invalid", "invalid at level 3", "invalid", "page");
        K.named(TYPE, "invalid", "block", "invalid", "table");
    }

    /** Index into MAIR. */
    public static final BitField ATTR_INDX = L.field("AttrIndx", 4, 2);
    /** Secure only. */
    public static final BitField NS = L.bit("NS", 5);
    /** AP[1]: unprivileged access. */
    public static final BitField AP_UNPRIVILEGED = L.bit("AP[1]", 6, "privileged only", "unprivileged too");
    /** AP[2]: read-only. */
    public static final BitField AP_READ_ONLY = L.bit("AP[2]", 7, "read-write", "read-only");
    /** Shareability. */
    public static final BitField SH = L.field("SH", 9, 8, "non-shareable", "reserved", "outer", "inner");
    /** Access flag. */
    public static final BitField AF = L.bit("AF", 10);
    /** Not global: the entry belongs to one ASID. */
    public static final BitField NG = L.bit("nG", 11);
    /** Output address. */
    public static final BitField OUTPUT = L.address("OutputAddress", 47, 12);
    /** Dirty bit modifier. */
    public static final BitField DBM = L.bit("DBM", 51);
    /** One of a run of contiguous entries. */
    public static final BitField CONTIGUOUS = L.bit("Contiguous", 52);
    /** No privileged execute. */
    public static final BitField PXN = L.bit("PXN", 53);
    /** No unprivileged (or any) execute. */
    public static final BitField UXN = L.bit("UXN", 54);
    /** For software. */
    public static final BitField SOFTWARE = L.field("software", 58, 55);
    /** The page descriptor. */
    public static final Layout PAGE = L.build();

    /** A block's output address, as the 4 KiB granule has it at level 2. */
    public static final BitField BLOCK_OUTPUT = BitField.address("OutputAddress", 47, 21);
    /** Block translation entry is being changed (FEAT_BBM level 1). */
    public static final BitField NT = BitField.bit("nT", 16);
    /** The block descriptor. */
    public static final Layout BLOCK = K.with(
                    ATTR_INDX,
                    NS,
                    AP_UNPRIVILEGED,
                    AP_READ_ONLY,
                    SH,
                    AF,
                    NG,
                    NT,
                    BLOCK_OUTPUT,
                    DBM,
                    CONTIGUOUS,
                    PXN,
                    UXN)
            .with(SOFTWARE)
            .build();

    private Aarch64Descriptor() {}
}
