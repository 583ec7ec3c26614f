// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.jspecify.annotations.Nullable;

/** Event records: 256 bits (IHI 0070 §7.3). One constant for each type, with the layout of its record. */
public enum Event {
    /** Unsupported upstream transaction. */
    F_UUT(0x01, Records.F_UUT),
    /** StreamID out of range. */
    C_BAD_STREAMID(0x02, Records.CONFIGURATION),
    /** External abort on an STE or L1STD. */
    F_STE_FETCH(0x03, Records.FETCH),
    /** Invalid STE. */
    C_BAD_STE(0x04, Records.CONFIGURATION),
    /** ATS translation request refused. */
    F_BAD_ATS_TREQ(0x05, Records.BAD_ATS),
    /** Substream disabled. */
    F_STREAM_DISABLED(0x06, Records.STREAM),
    /** Translated transaction refused. */
    F_TRANSL_FORBIDDEN(0x07, Records.FORBIDDEN),
    /** SubstreamID out of range. */
    C_BAD_SUBSTREAMID(0x08, Records.SUBSTREAM),
    /** External abort on a CD or L1CD. */
    F_CD_FETCH(0x09, Records.FETCH),
    /** Invalid CD. */
    C_BAD_CD(0x0A, Records.CONFIGURATION),
    /** External abort on a walk. */
    F_WALK_EABT(0x0B, Records.WALK_EABT),
    /** Translation fault. */
    F_TRANSLATION(0x10, Records.TRANSLATION),
    /** Address size fault. */
    F_ADDR_SIZE(0x11, Records.TRANSLATION),
    /** Access flag fault. */
    F_ACCESS(0x12, Records.TRANSLATION),
    /** Permission fault. */
    F_PERMISSION(0x13, Records.PERMISSION),
    /** Conflicting TLB entries. */
    F_TLB_CONFLICT(0x20, Records.TRANSLATION),
    /** Conflicting configuration. */
    F_CFG_CONFLICT(0x21, Records.CONFIGURATION),
    /** Hint of a page request. */
    E_PAGE_REQUEST(0x24, Records.PAGE_REQUEST),
    /** External abort on a VM structure. */
    F_VMS_FETCH(0x25, Records.FETCH);

    /** Size in bytes. */
    public static final int BYTES = 32;
    /** Size in 64-bit words. */
    public static final int WORDS = 4;

    /** {@link #CLASS}: while fetching a CD. */
    public static final int CLASS_CD = 0;
    /** {@link #CLASS}: while walking stage 1 tables. */
    public static final int CLASS_TT = 1;
    /** {@link #CLASS}: for the input address itself. */
    public static final int CLASS_IN = 2;

    /** Record type. */
    public static final BitField TYPE = Records.TYPE;
    /** SubstreamID valid. */
    public static final BitField SSV = Records.SSV;
    /** SubstreamID. */
    public static final BitField SUBSTREAM_ID = Records.SSID;
    /** StreamID. */
    public static final BitField STREAM_ID = Records.SID;
    /** By which software names a stalled transaction. */
    public static final BitField STAG = Records.STAG;
    /** Of a refused Translation Request: how many translations it asked for. */
    public static final BitField REQUEST_SPAN = Records.SPAN;
    /** Of a refused Translation Request: privileged. */
    public static final BitField REQUEST_P = Records.REQUEST_P;
    /** Of a refused Translation Request: execute. */
    public static final BitField REQUEST_X = Records.REQUEST_X;
    /** Of a refused Translation Request: write. */
    public static final BitField REQUEST_W = Records.REQUEST_W;
    /** Of a refused Translation Request: read. */
    public static final BitField REQUEST_R = Records.REQUEST_R;
    /** 1: the transaction has stalled. */
    public static final BitField STALL = Records.STALL;
    /** 1: privileged. */
    public static final BitField PNU = Records.PNU;
    /** 1: instruction. */
    public static final BitField IND = Records.IND;
    /** 1: read. */
    public static final BitField RNW = Records.RNW;
    /** 1: the fault is one of stage 2. */
    public static final BitField S2 = Records.S2;
    /** What kind of access faulted. */
    public static final BitField CLASS = Records.CLASS;
    /** 1: the access of a walk was a read. */
    public static final BitField TTRNW = Records.TTRNW;
    /** The transaction's address. */
    public static final BitField INPUT_ADDR = Records.INPUT;
    /** Input address of stage 2, for its faults. */
    public static final BitField IPA = Records.IPA;
    /** Address of the fetch that got no answer. */
    public static final BitField FETCH_ADDR = Records.FETCH_ADDR;

    private final int type;
    private final Layout layout;

    Event(int type, Layout layout) {
        this.type = type;
        this.layout = layout;
    }

    /** The record type. */
    public int type() {
        return type;
    }

    /** The whole record. */
    public Layout layout() {
        return layout;
    }

    /** The event of a record's first word, or null if the type is unknown. */
    public static @Nullable Event of(long word0) {
        int type = TYPE.getInt(word0);
        for (Event e : values()) {
            if (e.type == type) {
                return e;
            }
        }
        return null;
    }

    /** The record layouts; a class of its own because enum constants come before static fields. */
    private static final class Records {
        private static final String[] CLASSES = {"CD fetch", "stage 1 walk", "input address", "reserved"};
        private static final String[] STAGES = {"stage 1", "stage 2"};
        private static final String[] DIRECTIONS = {"write", "read"};
        private static final String[] ACCESSES = {"data", "instruction"};
        private static final String[] PRIVILEGES = {"unprivileged", "privileged"};

        static final BitField TYPE = BitField.of("Type", 7, 0);
        static final BitField SSV = BitField.bit("SSV", 11);
        static final BitField SSID = BitField.of("SubstreamID", 31, 12);
        static final BitField SID = BitField.of("StreamID", 63, 32);
        static final BitField REASON = BitField.of("Reason", 79, 64);
        static final BitField STAG = BitField.of("STAG", 79, 64);
        static final BitField STALL = BitField.bit("Stall", 95);
        static final BitField SPAN = BitField.of("Span", 67, 64);
        static final BitField REQUEST_P = BitField.bit("P", 92);
        static final BitField REQUEST_X = BitField.bit("X", 93);
        static final BitField REQUEST_W = BitField.bit("W", 94);
        static final BitField REQUEST_R = BitField.bit("R", 95);
        static final BitField PNU = BitField.bit("PnU", 97);
        static final BitField IND = BitField.bit("InD", 98);
        static final BitField RNW = BitField.bit("RnW", 99);
        static final BitField NSIPA = BitField.bit("NSIPA", 102);
        static final BitField S2 = BitField.bit("S2", 103);
        static final BitField CLASS = BitField.of("CLASS", 105, 104);
        static final BitField TTRNW = BitField.bit("TTRnW", 108);
        static final BitField INPUT = BitField.of("InputAddr", 191, 128);
        static final BitField INPUT_PAGE = BitField.address("InputAddr", 191, 140);
        static final BitField IPA = BitField.address("IPA", 247, 204);
        static final BitField FETCH_ADDR = BitField.address("FetchAddr", 247, 195);

        static final Layout CONFIGURATION =
                record("configuration event", "§7.3").with(SSV, SSID, SID).build();
        static final Layout STREAM =
                record("F_STREAM_DISABLED", "§7.3.7").with(SID).build();
        static final Layout SUBSTREAM =
                record("C_BAD_SUBSTREAMID", "§7.3.9").with(SSID, SID).build();
        static final Layout FETCH = record("fetch event", "§7.3")
                .with(SSV, SSID, SID, REASON, FETCH_ADDR)
                .build();
        static final Layout F_UUT = record("F_UUT", "§7.3.2")
                .with(SSV, SSID, SID, REASON, PNU, IND, RNW, INPUT)
                .build();
        static final Layout BAD_ATS = record("F_BAD_ATS_TREQ", "§7.3.6")
                .with(SSV, SSID, SID, SPAN, REQUEST_P, REQUEST_X, REQUEST_W, REQUEST_R, INPUT_PAGE)
                .build();
        static final Layout FORBIDDEN =
                record("F_TRANSL_FORBIDDEN", "§7.3.8").with(SID, RNW, INPUT).build();
        static final Layout WALK_EABT = record("F_WALK_EABT", "§7.3.12")
                .with(SSV, SSID, SID, REASON)
                .named(PNU, PRIVILEGES)
                .named(IND, ACCESSES)
                .named(RNW, DIRECTIONS)
                .named(S2, STAGES)
                .named(CLASS, CLASSES)
                .with(INPUT, FETCH_ADDR)
                .build();
        static final Layout TRANSLATION = record("translation event", "§7.3.13-7.3.16")
                .with(SSV, SSID, SID, STAG, STALL)
                .named(PNU, PRIVILEGES)
                .named(IND, ACCESSES)
                .named(RNW, DIRECTIONS)
                .with(NSIPA)
                .named(S2, STAGES)
                .named(CLASS, CLASSES)
                .with(INPUT, IPA)
                .build();
        static final Layout PERMISSION = record("F_PERMISSION", "§7.3.16")
                .with(SSV, SSID, SID, STAG, STALL)
                .named(PNU, PRIVILEGES)
                .named(IND, ACCESSES)
                .named(RNW, DIRECTIONS)
                .with(NSIPA)
                .named(S2, STAGES)
                .named(CLASS, CLASSES)
                .with(TTRNW, INPUT, IPA)
                .build();
        static final Layout PAGE_REQUEST = record("E_PAGE_REQUEST", "§7.3.19")
                .with(
                        SSV,
                        SSID,
                        SID,
                        BitField.bit("uX", 97),
                        BitField.bit("uW", 98),
                        BitField.bit("uR", 99),
                        BitField.bit("pX", 101),
                        BitField.bit("pW", 102),
                        BitField.bit("pR", 103),
                        BitField.of("Span", 115, 108),
                        INPUT_PAGE)
                .build();

        private static Layout.Builder record(String name, String section) {
            return Layout.builder(name, WORDS, "IHI 0070 " + section).with(TYPE);
        }
    }
}
