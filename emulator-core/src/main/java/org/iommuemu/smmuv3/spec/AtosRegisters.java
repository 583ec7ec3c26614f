// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/**
 * The registers of one interface for address translation operations (IHI 0070 chapter 9, §6.3.37-6.3.40).
 *
 * @param ctrl starts an operation
 * @param sid for whom
 * @param addr for which address, and what is asked
 * @param par the result
 */
public record AtosRegisters(Register ctrl, Register sid, Register addr, Register par) {
    /** {@link #TYPE}: from VA to IPA, or to PA where there is no stage 2. */
    public static final int TYPE_STAGE_1 = 1;
    /** {@link #TYPE}: from IPA to PA. */
    public static final int TYPE_STAGE_2 = 2;
    /** {@link #TYPE}: from VA to PA by both stages. */
    public static final int TYPE_BOTH = 3;

    /** {@link #REASON}: stage 1, or nothing of translation. */
    public static final int REASON_STAGE_1 = 0;
    /** {@link #REASON}: stage 2, fetching a CD. */
    public static final int REASON_CD = 1;
    /** {@link #REASON}: stage 2, fetching a stage 1 descriptor. */
    public static final int REASON_TT = 2;
    /** {@link #REASON}: stage 2, for the address itself. */
    public static final int REASON_IN = 3;

    /** {@link #FAULTCODE}: a request that the interface cannot have. */
    public static final int INV_REQ = 0xFF;
    /** {@link #FAULTCODE}: the stream lacks the stage asked for. */
    public static final int INV_STAGE = 0xFE;

    private static final Layout.Builder C = Layout.builder("SMMU_*ATOS_CTRL", 1, "IHI 0070 §6.3.37");
    /** Start, and under way. */
    public static final BitField RUN = C.bit("RUN", 0);

    static final Layout CTRL_LAYOUT = C.build();

    private static final Layout.Builder S = Layout.builder("SMMU_*ATOS_SID", 1, "IHI 0070 §6.3.38");
    /** StreamID. */
    public static final BitField STREAM_ID = S.field("STREAMID", 31, 0);
    /** SubstreamID. */
    public static final BitField SUBSTREAM_ID = S.field("SUBSTREAMID", 51, 32);
    /** There is a SubstreamID. */
    public static final BitField SSID_VALID = S.bit("SSID_VALID", 52);

    static final Layout SID_LAYOUT = S.build();
    static final long SID_MASK = STREAM_ID.mask() | SUBSTREAM_ID.mask() | SSID_VALID.mask();

    private static final Layout.Builder A = Layout.builder("SMMU_*ATOS_ADDR", 1, "IHI 0070 §6.3.39");
    /** 1: the leaf's access and dirty marks are left alone. */
    public static final BitField HTTUI = A.bit("HTTUI", 6);
    /** 1: instruction. */
    public static final BitField IND = A.bit("InD", 7);
    /** 1: read. */
    public static final BitField RNW = A.bit("RnW", 8);
    /** 1: privileged. */
    public static final BitField PNU = A.bit("PnU", 9);
    /** What is asked. */
    public static final BitField TYPE = A.field("TYPE", 11, 10, "reserved", "stage 1", "stage 2", "stage 1 and 2");
    /** Page of the address. */
    public static final BitField ADDR = A.address("ADDR", 63, 12);

    static final Layout ADDR_LAYOUT = A.build();
    static final long ADDR_MASK = HTTUI.mask() | IND.mask() | RNW.mask() | PNU.mask() | TYPE.mask() | ADDR.mask();

    private static final Layout.Builder P = Layout.builder("SMMU_*ATOS_PAR", 1, "IHI 0070 §6.3.40");
    /** 1: there is no translation. */
    public static final BitField FAULT = P.bit("FAULT", 0);
    /** Of a fault: where it came from. */
    public static final BitField REASON = P.field("REASON", 2, 1);
    /** Of a fault: what it is, an event number or one of the codes above. */
    public static final BitField FAULTCODE = P.field("FAULTCODE", 11, 4);
    /** Of a fault: the IPA. */
    public static final BitField FADDR = P.address("FADDR", 55, 12);
    /** Of a translation: shareability. */
    public static final BitField SH = P.field("SH", 9, 8);
    /** Of a translation: 1 if the lowest one in ADDR tells the size, 0 for 4 KiB. */
    public static final BitField SIZE = P.bit("Size", 11);
    /** Of a translation: the address. */
    public static final BitField PAR_ADDR = P.address("ADDR", 55, 12);
    /** Of a translation: memory type as in MAIR. */
    public static final BitField ATTR = P.field("ATTR", 63, 56);

    static final Layout PAR_LAYOUT = P.build();
}
