// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** A command: an entry of a submission queue (NVMe 1.4 §4.2), with the command dwords of the commands that are there. */
public final class SubmissionEntry {
    /** Size in bytes. */
    public static final int BYTES = 64;
    /** log2 of {@link #BYTES}, as CC.IOSQES has it. */
    public static final int SHIFT = 6;
    /** Size in 64-bit words. */
    public static final int WORDS = 8;

    private static final Layout.Builder B = Layout.builder("Submission Queue Entry", WORDS, "NVMe 1.4 §4.2");
    /** Opcode. */
    public static final BitField OPC = B.field("OPC", 7, 0);
    /** Fused operation. */
    public static final BitField FUSE = B.field("FUSE", 9, 8);
    /** PRP or SGL for data transfer. */
    public static final BitField PSDT = B.field("PSDT", 15, 14, "PRP");
    /** Command identifier. */
    public static final BitField CID = B.field("CID", 31, 16);
    /** Namespace identifier. */
    public static final BitField NSID = B.field("NSID", 63, 32);
    /** Metadata pointer. */
    public static final BitField MPTR = B.field("MPTR", 191, 128);
    /** PRP entry 1. */
    public static final BitField PRP1 = B.field("PRP1", 255, 192);
    /** PRP entry 2. */
    public static final BitField PRP2 = B.field("PRP2", 319, 256);
    /** Command dword 10. */
    public static final BitField CDW10 = B.field("CDW10", 351, 320);
    /** Command dword 11. */
    public static final BitField CDW11 = B.field("CDW11", 383, 352);
    /** Command dword 12. */
    public static final BitField CDW12 = B.field("CDW12", 415, 384);
    /** Command dword 13. */
    public static final BitField CDW13 = B.field("CDW13", 447, 416);
    /** Command dword 14. */
    public static final BitField CDW14 = B.field("CDW14", 479, 448);
    /** Command dword 15. */
    public static final BitField CDW15 = B.field("CDW15", 511, 480);
    /** The common part of it. */
    public static final Layout LAYOUT = B.build();

    private static final Layout.Builder Q = Layout.builder("Create and Delete I/O Queue", WORDS, "NVMe 1.4 §5.3-§5.6");
    /** Queue identifier. */
    public static final BitField QID = Q.field("QID", 335, 320);
    /** Queue size, less one. */
    public static final BitField QSIZE = Q.field("QSIZE", 351, 336);
    /** Physically contiguous. */
    public static final BitField PC = Q.bit("PC", 352);
    /** Of a completion queue: interrupts enabled. */
    public static final BitField IEN = Q.bit("IEN", 353);
    /** Of a completion queue: interrupt vector. */
    public static final BitField IV = Q.field("IV", 383, 368);
    /** Of a submission queue: which completion queue it uses. */
    public static final BitField CQID = Q.field("CQID", 383, 368);
    /** Dwords of commands on queues. */
    public static final Layout QUEUE = Q.build();

    private static final Layout.Builder R = Layout.builder("Read, Write, Compare, Write Zeroes", WORDS, "NVMe 1.4 §6");
    /** Starting LBA. */
    public static final BitField SLBA = R.field("SLBA", 383, 320);
    /** Number of logical blocks, less one. */
    public static final BitField NLB = R.field("NLB", 399, 384);
    /** Dwords of commands on blocks. */
    public static final Layout BLOCKS = R.build();

    private static final Layout.Builder A = Layout.builder("Other admin commands", WORDS, "NVMe 1.4 §5");
    /** Identify: controller or namespace structure. */
    public static final BitField CNS = A.field("CNS", 327, 320);
    /** Get Log Page: log page identifier. */
    public static final BitField LID = A.field("LID", 327, 320);
    /** Get Log Page: retain asynchronous event. */
    public static final BitField RAE = A.bit("RAE", 335);
    /** Get Log Page: number of dwords less one, lower half. */
    public static final BitField NUMDL = A.field("NUMDL", 351, 336);
    /** Get Log Page: number of dwords less one, upper half. */
    public static final BitField NUMDU = A.field("NUMDU", 367, 352);
    /** Get Log Page: offset in bytes. */
    public static final BitField LPO = A.field("LPO", 447, 384);
    /** Features: feature identifier. */
    public static final BitField FID = A.field("FID", 327, 320);
    /** Get Features: which value. */
    public static final BitField SEL = A.field("SEL", 330, 328, "current", "default", "saved", "capabilities");
    /** Set Features: save. */
    public static final BitField SV = A.bit("SV", 351);
    /** Abort: submission queue of the command. */
    public static final BitField ABORT_SQID = A.field("SQID", 335, 320);
    /** Abort: identifier of the command. */
    public static final BitField ABORT_CID = A.field("CID of the command", 351, 336);
    /** Dwords of other admin commands. */
    public static final Layout ADMIN = A.build();

    private SubmissionEntry() {}
}
