// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

import static org.iommuemu.vtd.reference.ReferenceRegisters.bit;
import static org.iommuemu.vtd.reference.ReferenceRegisters.bits;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.reference.ReferenceMemory;

/** The way of one request through root, context and PASID tables (fact sheet 4, 5, 10). */
final class ReferenceLookup {
    private final ReferenceRegisters machine;
    private final ReferenceMemory memory;
    private final Transaction q;
    /** Whether FPD was set anywhere on the way. */
    boolean silent;

    /** Whether the request asks for execution. */
    private final boolean executes;

    private long[] context;

    ReferenceLookup(ReferenceRegisters machine, ReferenceMemory memory, Transaction q, boolean executes) {
        this.executes = q.hasSubstream() && executes;
        this.machine = machine;
        this.memory = memory;
        this.q = q;
    }

    static ReferenceFault fault(int reason) {
        return new ReferenceFault(reason);
    }

    boolean legacy() {
        return machine.mode() == 0;
    }

    /** 10.1, steps 2 to 4. */
    void checkMode() {
        int mode = machine.mode();
        boolean unsupported = mode == 2
                || mode == 1 && !machine.extended(43)
                || mode == 3 && !machine.extended(52)
                || mode == 0 && bit(machine.root(), 7) && !q.hasSubstream();
        if (unsupported) {
            throw fault(0x30);
        }
        if (mode == 3) {
            throw fault(0x33);
        }
        if (q.hasSubstream() && mode == 0) {
            throw fault(0x31);
        }
        if (executes && machine.major() >= 8) {
            throw fault(0x34);
        }
    }

    /** 10.1, steps 5 and 6. */
    void findContext(boolean translatedRequest) {
        if (legacy()) {
            findLegacy();
        } else {
            findScalable(!q.hasSubstream() || translatedRequest);
        }
    }

    private void findLegacy() {
        long table = bits(machine.root(), 63, 12) << 12;
        long[] root = fetch(table + bits(q.streamId(), 15, 8) * 16, 2, 0x8);
        if (!bit(root[0], 0)) {
            throw fault(0x1);
        }
        if (bits(root[0], 11, 1) != 0 || aboveHost(root[0]) || root[1] != 0) {
            throw fault(0xA);
        }
        long[] c = fetch((bits(root[0], 63, 12) << 12) + bits(q.streamId(), 7, 0) * 16, 2, 0x9);
        silent |= bit(c[0], 1);
        if (!bit(c[0], 0)) {
            throw fault(0x2);
        }
        int type = (int) bits(c[0], 3, 2);
        boolean pointer = type != 2 && aboveHost(c[0]);
        if (bits(c[0], 11, 4) != 0
                || pointer
                || bit(c[1], 7)
                || bits(c[1], 23, 8) >>> machine.domainBits() != 0
                || bits(c[1], 63, 24) != 0) {
            throw fault(0xB);
        }
        boolean typeMissing = type == 3 || type == 1 && !machine.extended(2) || type == 2 && !machine.extended(6);
        if (typeMissing || machine.width((int) bits(c[1], 2, 0)) == 0) {
            throw fault(0x3);
        }
        context = c;
    }

    private void findScalable(boolean needsPasids) {
        long table = bits(machine.root(), 63, 12) << 12;
        long half = bit(q.streamId(), 7) ? 8 : 0;
        long root = fetch(table + bits(q.streamId(), 15, 8) * 16 + half, 1, 0x38)[0];
        if (!bit(root, 0)) {
            throw fault(0x39);
        }
        if (bits(root, 11, 1) != 0 || aboveHost(root)) {
            throw fault(0x3A);
        }
        long[] c = fetch((bits(root, 63, 12) << 12) + bits(q.streamId(), 6, 0) * 32, 4, 0x40);
        silent |= bit(c[0], 1);
        if (!bit(c[0], 0)) {
            throw fault(0x41);
        }
        boolean extended = bit(c[0], 5)
                || bit(c[0], 6) && !machine.extended(56)
                || bit(c[0], 4) && !machine.extended(29)
                || bit(c[1], 20) && !machine.extended(53);
        if (bits(c[0], 8, 7) != 0 || extended || aboveHost(c[0]) || bits(c[1], 63, 21) != 0 || c[2] != 0 || c[3] != 0) {
            throw fault(0x42);
        }
        context = c;
        boolean own = bits(c[1], 19, 0) >>> directoryBits() + 6 != 0;
        boolean translated = bit(c[0], 6) && !bit(c[0], 3);
        if (bit(c[0], 4) && !bit(c[0], 2) || own || translated && needsPasids) {
            throw fault(0x43);
        }
    }

    private int directoryBits() {
        return (int) bits(context[0], 11, 9) + 7;
    }

    /** The field TT of a legacy context entry. */
    int type() {
        return (int) bits(context[0], 3, 2);
    }

    /** DTE of a scalable context entry. */
    boolean translationRequests() {
        return bit(context[0], 2);
    }

    /** PRE of a scalable context entry. */
    boolean pageRequests() {
        return bit(context[0], 4);
    }

    /** EPTR of a scalable context entry. */
    boolean translatedPasid() {
        return bit(context[0], 6);
    }

    /** 10.1, step 7. */
    void checkPasid(boolean enabled) {
        if (!q.hasSubstream()) {
            return;
        }
        checkPasidWidth();
        if (enabled && !bit(context[0], 3)) {
            throw fault(0x45);
        }
        if (q.substreamId() >>> directoryBits() + 6 != 0) {
            throw fault(0x46);
        }
        if (q.substreamId() == bits(context[1], 19, 0)) {
            throw fault(0x48);
        }
    }

    void checkPasidWidth() {
        if (q.substreamId() >>> machine.pasidBits() != 0) {
            throw fault(0x89);
        }
    }

    /** What a legacy context entry comes to. */
    ReferenceContext legacyContext() {
        int width = machine.width((int) bits(context[1], 2, 0));
        int kind = type() == 2 ? ReferenceContext.PASS : ReferenceContext.SECOND;
        return new ReferenceContext(
                true,
                kind,
                bits(context[0], 63, 12) << 12,
                Math.min(width, machine.guestBits()),
                levels(width),
                0,
                0,
                false,
                false,
                false,
                false,
                false,
                false);
    }

    private static int levels(int width) {
        return (width - 12) / 9;
    }

    /** 10.1, steps 8 to 10. */
    ReferenceContext scalableContext() {
        long pasid = q.hasSubstream() ? q.substreamId() : bits(context[1], 19, 0);
        boolean supervisor = q.hasSubstream() ? Access.isPrivileged(q.access()) : bit(context[1], 20);
        long[] e = pasidEntry(pasid);
        if (executes && !machine.extended(30)) {
            throw fault(0x5C);
        }
        if (supervisor && !bit(e[2], 0)) {
            throw fault(0x5D);
        }
        int width = machine.width((int) bits(e[0], 4, 2));
        return new ReferenceContext(
                false,
                (int) bits(e[0], 8, 6),
                bits(e[0], 63, 12) << 12,
                Math.min(width, machine.guestBits()),
                levels(width),
                bits(e[2], 63, 12) << 12,
                bits(e[2], 3, 2) == 1 ? 5 : 4,
                supervisor,
                bit(e[2], 4),
                bit(e[2], 7),
                bit(e[0], 9),
                bit(e[1], 23),
                bit(e[1], 24));
    }

    private long[] pasidEntry(long pasid) {
        long directory = fetch((bits(context[0], 63, 12) << 12) + (pasid >>> 6) * 8, 1, 0x50)[0];
        silent |= bit(directory, 1);
        if (!bit(directory, 0)) {
            throw fault(0x51);
        }
        if (bits(directory, 11, 2) != 0 || aboveHost(directory)) {
            throw fault(0x52);
        }
        long[] e = fetch((bits(directory, 63, 12) << 12) + (pasid & 63) * 64, 8, 0x58);
        silent |= bit(e[0], 1);
        if (!bit(e[0], 0)) {
            throw fault(0x59);
        }
        if (reserved(e)) {
            throw fault(0x5A);
        }
        if (programmedWrongly(e)) {
            throw fault(0x5B);
        }
        return e;
    }

    /** The table of reserved fields in section 5. */
    private boolean reserved(long[] e) {
        int kind = (int) bits(e[0], 8, 6);
        boolean usesFirst = kind == 1;
        boolean usesSecond = kind == 2 || kind == 3;
        boolean wrong = bit(e[0], 5) || bits(e[0], 11, 10) != 0;
        if (!machine.extended(46)) {
            wrong |= bits(e[0], 4, 2) != 0 || bits(e[0], 63, 12) != 0;
        } else if (usesSecond) {
            wrong |= aboveHost(e[0]);
        }
        wrong |= (!machine.extended(46) || !machine.extended(45)) && bit(e[0], 9);
        wrong |= bits(e[1], 15, 0) >>> machine.domainBits() != 0;
        wrong |= bits(e[1], 22, 16) != 0 || bits(e[1], 63, 25) != 0;
        wrong |= bit(e[1], 23) && !machine.extended(48);
        wrong |= bit(e[1], 24) && !machine.extended(7);
        wrong |= bit(e[2], 0) && !machine.extended(31);
        wrong |= bit(e[2], 1) || bits(e[2], 11, 8) != 0;
        if (!machine.extended(47)) {
            wrong |= bits(e[2], 63, 12) != 0 || bits(e[2], 4, 2) != 0;
        } else if (usesFirst) {
            wrong |= aboveHost(e[2]);
        }
        wrong |= bit(e[2], 7) && !machine.extended(34);
        for (int i = 3; i < 8; i++) {
            wrong |= e[i] != 0;
        }
        return wrong;
    }

    /** Section 11, 5Bh. */
    private boolean programmedWrongly(long[] e) {
        int kind = (int) bits(e[0], 8, 6);
        int width = machine.width((int) bits(e[0], 4, 2));
        boolean supported = switch (kind) {
            case ReferenceContext.FIRST -> machine.extended(47);
            case ReferenceContext.SECOND -> machine.extended(46);
            case ReferenceContext.NESTED -> machine.extended(26);
            case ReferenceContext.PASS -> machine.extended(6);
            default -> false;
        };
        boolean second = kind == ReferenceContext.SECOND || kind == ReferenceContext.NESTED;
        boolean first = kind == ReferenceContext.FIRST || kind == ReferenceContext.NESTED;
        long mode = bits(e[2], 3, 2);
        boolean badMode = mode > 1 || mode == 1 && !bit(machine.cap(), 60);
        if (!supported || second && width == 0 || first && badMode) {
            return true;
        }
        long root = bits(e[2], 63, 12) << 12;
        return kind == ReferenceContext.NESTED && root >>> Math.min(width, machine.guestBits()) != 0;
    }

    private boolean aboveHost(long pointer) {
        return (bits(pointer, 63, 12) << 12) >>> machine.hostBits() != 0;
    }

    private long[] fetch(long at, int words, int reason) {
        if (!memory.answers(at, words * 8)) {
            throw fault(reason);
        }
        return memory.structure(at, words);
    }
}
