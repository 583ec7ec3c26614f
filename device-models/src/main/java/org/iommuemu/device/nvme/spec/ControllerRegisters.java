// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme.spec;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** The controller's registers below the doorbells (NVMe 1.4 §3.1). */
public final class ControllerRegisters {
    /** Offset of the first doorbell: Submission Queue 0 Tail. */
    public static final int DOORBELLS = 0x1000;

    private static final List<Register> MAP = new ArrayList<>();

    private static final Layout.Builder C = Layout.builder("CAP", 1, "NVMe 1.4 §3.1.1");
    /** Maximum Queue Entries Supported, less one. */
    public static final BitField MQES = C.field("MQES", 15, 0);
    /** Contiguous Queues Required. */
    public static final BitField CQR = C.bit("CQR", 16);
    /** Arbitration Mechanism Supported, beside round robin. */
    public static final BitField CAP_AMS = C.field("AMS", 18, 17);
    /** Time-out for CSTS.RDY to follow CC.EN, in 500 ms. */
    public static final BitField TO = C.field("TO", 31, 24);
    /** Doorbell Stride: log2 of its 4 bytes. */
    public static final BitField DSTRD = C.field("DSTRD", 35, 32);
    /** NVM Subsystem Reset Supported. */
    public static final BitField NSSRS = C.bit("NSSRS", 36);
    /** Command Sets Supported: a bit each, 0 for NVM. */
    public static final BitField CAP_CSS = C.field("CSS", 44, 37);
    /** Memory Page Size Minimum: log2 of its 4 KiB. */
    public static final BitField MPSMIN = C.field("MPSMIN", 51, 48);
    /** Memory Page Size Maximum: log2 of its 4 KiB. */
    public static final BitField MPSMAX = C.field("MPSMAX", 55, 52);
    /** Controller Capabilities. */
    public static final Register CAP = readOnly("CAP", 0x00, 8, C.build());

    private static final Layout.Builder V = Layout.builder("VS", 1, "NVMe 1.4 §3.1.2");
    /** Tertiary version. */
    public static final BitField TER = V.field("TER", 7, 0);
    /** Minor version. */
    public static final BitField MNR = V.field("MNR", 15, 8);
    /** Major version. */
    public static final BitField MJR = V.field("MJR", 31, 16);
    /** Version. */
    public static final Register VS = readOnly("VS", 0x08, 4, V.build());

    /** Interrupt Mask Set: a bit for each of the first 32 vectors; reads as what is masked. */
    public static final Register INTMS = writable("INTMS", 0x0C, 4, 0xFFFF_FFFFL, plain("INTMS", "§3.1.3"));
    /** Interrupt Mask Clear. */
    public static final Register INTMC = writable("INTMC", 0x10, 4, 0xFFFF_FFFFL, plain("INTMC", "§3.1.4"));

    private static final Layout.Builder CC_FIELDS = Layout.builder("CC", 1, "NVMe 1.4 §3.1.5");
    /** Enable. */
    public static final BitField EN = CC_FIELDS.bit("EN", 0);
    /** I/O Command Set Selected. */
    public static final BitField CSS = CC_FIELDS.field("CSS", 6, 4, "NVM");
    /** Memory Page Size: log2 of its 4 KiB. */
    public static final BitField MPS = CC_FIELDS.field("MPS", 10, 7);
    /** Arbitration Mechanism Selected. */
    public static final BitField AMS = CC_FIELDS.field("AMS", 13, 11, "round robin");
    /** Shutdown Notification. */
    public static final BitField SHN = CC_FIELDS.field("SHN", 15, 14, "none", "normal", "abrupt");
    /** I/O Submission Queue Entry Size: log2 of bytes. */
    public static final BitField IOSQES = CC_FIELDS.field("IOSQES", 19, 16);
    /** I/O Completion Queue Entry Size: log2 of bytes. */
    public static final BitField IOCQES = CC_FIELDS.field("IOCQES", 23, 20);
    /** Controller Configuration. */
    public static final Register CC = writable("CC", 0x14, 4, 0x00FF_FFF1L, CC_FIELDS.build());

    private static final Layout.Builder S = Layout.builder("CSTS", 1, "NVMe 1.4 §3.1.6");
    /** Ready. */
    public static final BitField RDY = S.bit("RDY", 0);
    /** Controller Fatal Status. */
    public static final BitField CFS = S.bit("CFS", 1);
    /** Shutdown Status. */
    public static final BitField SHST = S.field("SHST", 3, 2, "normal operation", "shutting down", "shut down");
    /** Controller Status. */
    public static final Register CSTS = readOnly("CSTS", 0x1C, 4, S.build());

    private static final Layout.Builder A = Layout.builder("AQA", 1, "NVMe 1.4 §3.1.8");
    /** Admin Submission Queue Size, less one. */
    public static final BitField ASQS = A.field("ASQS", 11, 0);
    /** Admin Completion Queue Size, less one. */
    public static final BitField ACQS = A.field("ACQS", 27, 16);
    /** Admin Queue Attributes. */
    public static final Register AQA = writable("AQA", 0x24, 4, 0x0FFF_0FFFL, A.build());

    /** Admin Submission Queue Base Address. */
    public static final Register ASQ = writable("ASQ", 0x28, 8, ~0xFFFL, plain("ASQ", "§3.1.9"));
    /** Admin Completion Queue Base Address. */
    public static final Register ACQ = writable("ACQ", 0x30, 8, ~0xFFFL, plain("ACQ", "§3.1.10"));

    private ControllerRegisters() {}

    /** All of them, by offset. */
    public static List<Register> map() {
        return List.copyOf(MAP);
    }

    private static Layout plain(String name, String section) {
        Layout.Builder b = Layout.builder(name, 1, "NVMe 1.4 " + section);
        b.field(name, 63, 0);
        return b.build();
    }

    private static Register readOnly(String name, int offset, int bytes, Layout layout) {
        Register r = Register.readOnly(name, offset, bytes, layout);
        MAP.add(r);
        return r;
    }

    private static Register writable(String name, int offset, int bytes, long mask, Layout layout) {
        Register r = Register.writable(name, offset, bytes, mask, layout);
        MAP.add(r);
        return r;
    }
}
