// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.jspecify.annotations.Nullable;

/** Invalidation queue descriptors: 128 or 256 bits (VT-d architecture 6.5.2). One constant for each type. */
public enum Descriptor {
    /** Context cache. */
    CONTEXT_CACHE(1, Operands.CONTEXT),
    /** IOTLB. */
    IOTLB(2, Operands.IOTLB),
    /** Device TLB. */
    DEVICE_TLB(3, Operands.DEVICE_TLB),
    /** Interrupt entry cache. */
    INTERRUPT_ENTRY_CACHE(4, Operands.INTERRUPT_ENTRY),
    /** Wait. */
    WAIT(5, Operands.WAIT),
    /** PASID-based IOTLB. */
    PASID_IOTLB(6, Operands.PASID_IOTLB),
    /** PASID cache. */
    PASID_CACHE(7, Operands.PASID_CACHE),
    /** PASID-based device TLB. */
    PASID_DEVICE_TLB(8, Operands.PASID_DEVICE_TLB),
    /** Page group response. */
    PAGE_GROUP_RESPONSE(9, Operands.PAGE_RESPONSE),
    /** Host permission table cache. */
    HPT_CACHE(0xA, Operands.HPT_CACHE);

    /** Granularity: everything. */
    public static final int GLOBAL = 1;
    /** Granularity: a domain; of PASID-based invalidation, a PASID. */
    public static final int DOMAIN = 2;
    /** Granularity: pages, or a device. */
    public static final int SELECTIVE = 3;

    /** Granularity. */
    public static final BitField G = BitField.of("G", 5, 4);
    /** IOTLB: writes are drained. */
    public static final BitField DRAIN_WRITES = BitField.bit("DW", 6);
    /** IOTLB: reads are drained. */
    public static final BitField DRAIN_READS = BitField.bit("DR", 7);
    /** Domain id. */
    public static final BitField DID = BitField.of("DID", 31, 16);
    /** Source of a context cache invalidation or a device TLB. */
    public static final BitField SID = BitField.of("SID", 47, 32);
    /** Function mask. */
    public static final BitField FM = BitField.of("FM", 49, 48);
    /** Address mask: 2^AM pages. */
    public static final BitField AM = BitField.of("AM", 69, 64);
    /** Leaves only. */
    public static final BitField IH = BitField.bit("IH", 70);
    /** Page. */
    public static final BitField ADDR = BitField.address("ADDR", 127, 76);
    /** Device TLB: the address tells the size. */
    public static final BitField S = BitField.bit("S", 64);
    /** PASID-based device TLB: the address tells the size. */
    public static final BitField PASID_S = BitField.bit("S", 75);
    /** PASID-based device TLB: every PASID. */
    public static final BitField GI = BitField.bit("GI", 64);
    /** Source of a PASID-based device TLB, or of a page request. */
    public static final BitField RID = BitField.of("RID", 31, 16);
    /** Device TLB: most requests of the function that may be outstanding. */
    public static final BitField MIP = BitField.of("MIP", 20, 16);
    /** PASID-based device TLB: most requests of the function that may be outstanding. */
    public static final BitField PASID_MIP = BitField.of("MIP", 8, 4);
    /** Device TLB: the physical function that a request counts for, low bits. */
    public static final BitField PFSID_LOW = BitField.of("PFSID[3:0]", 15, 12);
    /** Device TLB: the physical function that a request counts for, high bits. */
    public static final BitField PFSID_HIGH = BitField.of("PFSID[15:4]", 63, 52);
    /** PASID. */
    public static final BitField PASID = BitField.of("PASID", 51, 32);
    /** Interrupt index mask. */
    public static final BitField IM = BitField.of("IM", 31, 27);
    /** Interrupt index. */
    public static final BitField IIDX = BitField.of("IIDX", 47, 32);
    /** One index, not all. */
    public static final BitField INDEX_SELECTIVE = BitField.bit("G", 4);
    /** Wait: interrupt. */
    public static final BitField IF = BitField.bit("IF", 4);
    /** Wait: status write. */
    public static final BitField SW = BitField.bit("SW", 5);
    /** Wait: fence. */
    public static final BitField FN = BitField.bit("FN", 6);
    /** Wait: page request drain. */
    public static final BitField PD = BitField.bit("PD", 7);
    /** Wait: what is written. */
    public static final BitField STATUS_DATA = BitField.of("STATUS_DATA", 63, 32);
    /** Wait: where it is written. */
    public static final BitField STATUS_ADDRESS = BitField.address("STATUS_ADDR", 127, 66);
    /** Response: with PASID. */
    public static final BitField PP = BitField.bit("PP", 4);
    /** Response code. */
    public static final BitField RC = BitField.of("RC", 15, 12);
    /** Group. */
    public static final BitField PRGI = BitField.of("PRGI", 75, 67);

    private static final @Nullable Descriptor[] BY_TYPE = new Descriptor[1 << 7];

    static {
        for (Descriptor d : values()) {
            BY_TYPE[d.type] = d;
        }
    }

    private final int type;
    private final Layout layout;

    Descriptor(int type, Layout layout) {
        this.type = type;
        this.layout = layout;
    }

    /** The type: bits 11:9 and 3:0. */
    public int type() {
        return type;
    }

    /** The operands. */
    public Layout layout() {
        return layout;
    }

    /** The type that a descriptor's first word names, or null if there is none. */
    public static @Nullable Descriptor of(long word0) {
        return BY_TYPE[(int) (word0 >>> 5 & 0x70 | word0 & 0xF)];
    }

    /** The layouts; a class of its own because enum constants come before static fields. */
    private static final class Operands {
        private static final BitField TYPE = BitField.of("Type", 3, 0);
        private static final BitField TYPE_HIGH = BitField.of("Type[6:4]", 11, 9);
        private static final BitField MIP = BitField.of("MIP", 20, 16);
        private static final BitField PASID_MIP = BitField.of("MIP", 8, 4);
        private static final BitField PFSID_LOW = BitField.of("PFSID[3:0]", 15, 12);
        private static final BitField PFSID_HIGH = BitField.of("PFSID[15:4]", 63, 52);
        private static final BitField G = BitField.of("G", 5, 4);
        private static final BitField DID = BitField.of("DID", 31, 16);
        private static final BitField SID = BitField.of("SID", 47, 32);
        private static final BitField RID = BitField.of("RID", 31, 16);
        private static final BitField PASID = BitField.of("PASID", 51, 32);
        private static final BitField ADDR = BitField.address("ADDR", 127, 76);
        private static final BitField AM = BitField.of("AM", 69, 64);
        private static final BitField IH = BitField.bit("IH", 70);

        static final Layout CONTEXT = descriptor("context-cache invalidate", "6.5.2.1")
                .with(G, DID, SID, BitField.of("FM", 49, 48))
                .build();
        static final Layout IOTLB = descriptor("IOTLB invalidate", "6.5.2.3")
                .with(G, BitField.bit("DW", 6), BitField.bit("DR", 7), DID, AM, IH, ADDR)
                .build();
        static final Layout DEVICE_TLB = descriptor("device-TLB invalidate", "6.5.2.5")
                .with(PFSID_LOW, MIP, SID, PFSID_HIGH, BitField.bit("S", 64), ADDR)
                .build();
        static final Layout INTERRUPT_ENTRY = descriptor("interrupt-entry-cache invalidate", "6.5.2.7")
                .with(BitField.bit("G", 4), BitField.of("IM", 31, 27), BitField.of("IIDX", 47, 32))
                .build();
        static final Layout WAIT = descriptor("invalidation wait", "6.5.2.8")
                .with(
                        BitField.bit("IF", 4),
                        BitField.bit("SW", 5),
                        BitField.bit("FN", 6),
                        BitField.bit("PD", 7),
                        BitField.of("STATUS_DATA", 63, 32),
                        BitField.address("STATUS_ADDR", 127, 66))
                .build();
        static final Layout PASID_IOTLB = descriptor("PASID-based IOTLB invalidate", "6.5.2.4")
                .with(G, DID, PASID, AM, IH, ADDR)
                .build();
        static final Layout PASID_CACHE = descriptor("PASID-cache invalidate", "6.5.2.2")
                .with(G, DID, PASID)
                .build();
        static final Layout PASID_DEVICE_TLB = descriptor("PASID-based device-TLB invalidate", "6.5.2.6")
                .with(PASID_MIP, PFSID_LOW, RID, PASID, PFSID_HIGH, BitField.bit("GI", 64), BitField.bit("S", 75), ADDR)
                .build();
        static final Layout PAGE_RESPONSE = descriptor("page group response", "7.7.1")
                .with(BitField.bit("PP", 4), BitField.of("RC", 15, 12), RID, PASID, BitField.of("PRGI", 75, 67))
                .build();

        static final Layout HPT_CACHE = descriptor("HPT-cache invalidate", "6.5.2")
                .with(G, BitField.of("HPTDID", 31, 16), AM, BitField.of("IH", 71, 70), ADDR)
                .build();

        private static Layout.Builder descriptor(String name, String section) {
            return Layout.builder(name, 2, "VT-d " + section).with(TYPE, TYPE_HIGH);
        }
    }
}
