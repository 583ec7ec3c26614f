// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

import static org.iommuemu.vtd.reference.ReferenceLookup.fault;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.reference.ReferenceMemory;
import org.iommuemu.vtd.reference.ReferenceAnswer.Status;

/** One untranslated request after another, each from the registers and the memory alone (fact sheet 10.1). */
final class ReferenceVtd {
    static final int UNTRANSLATED = 0;
    static final int TRANSLATION = 1;
    static final int TRANSLATED = 2;

    final ReferenceRegisters machine;
    final ReferenceMemory memory;

    ReferenceVtd(ReferenceRegisters machine, ReferenceMemory memory) {
        this.machine = machine;
        this.memory = memory;
    }

    /** Whether an address is in the interrupt window. */
    static boolean inWindow(long address) {
        return address >>> 20 == 0xFEE;
    }

    /** Section 10.1. A write to the interrupt window goes where {@link ReferenceInterrupts} says. */
    ReferenceAnswer translate(Transaction q) {
        if (inWindow(q.address()) && !q.hasSubstream()) {
            boolean writes = (q.access() & (Access.WRITE | Access.ATOMIC)) == Access.WRITE;
            if (writes || !machine.translates() && !machine.remaps()) {
                return ReferenceAnswer.ok(q.address(), 0, false);
            }
            return ReferenceAnswer.end(Status.ABORT, 0x29, record(q, 0x29, UNTRANSLATED));
        }
        if (!machine.translates()) {
            return guarded(ReferenceAnswer.ok(q.address(), 0, false), false);
        }
        ReferenceLookup lookup = new ReferenceLookup(machine, memory, q, Access.isInstruction(q.access()));
        try {
            lookup.checkMode();
            lookup.findContext(false);
            ReferenceContext context;
            if (lookup.legacy()) {
                context = lookup.legacyContext();
            } else {
                lookup.checkPasid(true);
                context = lookup.scalableContext();
            }
            return guarded(through(q, context), context.kind() != ReferenceContext.PASS);
        } catch (ReferenceFault fault) {
            return refuse(q, fault, lookup, UNTRANSLATED, Status.ABORT);
        }
    }

    /** Section 2.8: protected memory is closed without a word. */
    ReferenceAnswer guarded(ReferenceAnswer answer, boolean translated) {
        boolean checked = machine.major() >= 2 || !translated;
        return answer.status() == Status.OK && checked && machine.guards(answer.address())
                ? ReferenceAnswer.end(Status.ABORT, 0, null)
                : answer;
    }

    /** Steps 11 to 15. */
    private ReferenceAnswer through(Transaction q, ReferenceContext context) {
        boolean atomic = (q.access() & Access.ATOMIC) != 0;
        boolean writes = Access.isWrite(q.access());
        boolean reads = atomic || !writes;
        if (context.kind() == ReferenceContext.PASS) {
            if (q.address() >>> machine.hostBits() != 0) {
                throw fault(context.legacy() ? 0x4 : 0x83);
            }
            checkOutput(q.address(), context.legacy());
            return ReferenceAnswer.ok(q.address(), 0, context.forcesSnoop());
        }
        ReferenceStages stages = new ReferenceStages(machine, memory, context);
        ReferenceLeaf first = null;
        ReferenceLeaf leaf;
        boolean snoop = context.forcesSnoop();
        int shift;
        if (context.kind() == ReferenceContext.SECOND) {
            leaf = stages.second(q.address(), writes);
            snoop |= leaf.snoop();
            shift = leaf.shift();
            checkSecond(leaf, reads, writes, context.legacy());
        } else {
            first = walkFirst(stages, q.address(), context);
            leaf = first;
            shift = leaf.shift();
            // The first stage is done with before the second begins.
            if (writes && !mayWrite(first, context)) {
                throw fault(0x85);
            }
            stages.updateFirst(first, writes);
            if (context.kind() == ReferenceContext.NESTED) {
                leaf = stages.second(first.output(), writes);
                snoop |= leaf.snoop();
                shift = Math.min(shift, leaf.shift());
            }
            if (context.kind() == ReferenceContext.NESTED) {
                checkSecond(leaf, reads, writes, false);
            }
        }
        if (context.kind() != ReferenceContext.FIRST) {
            stages.updateSecond(leaf, writes);
        }
        checkOutput(leaf.output(), context.legacy());
        stages.apply();
        return ReferenceAnswer.ok(leaf.output(), shift, snoop);
    }

    /** First-stage tables, and 80h and 81h. */
    static ReferenceLeaf walkFirst(ReferenceStages stages, long address, ReferenceContext context) {
        int bits = context.firstLevels() == 5 ? 57 : 48;
        if (address << 64 - bits >> 64 - bits != address) {
            throw fault(0x80);
        }
        ReferenceLeaf leaf = stages.first(address);
        if (!context.supervisor() && !leaf.user()) {
            throw fault(0x81);
        }
        return leaf;
    }

    /** The table of access rules in section 7. */
    static boolean mayWrite(ReferenceLeaf leaf, ReferenceContext context) {
        return leaf.write() || context.supervisor() && !context.writeProtect();
    }

    /** Step 13. */
    private static void checkSecond(ReferenceLeaf leaf, boolean reads, boolean writes, boolean legacy) {
        if (writes && !leaf.write()) {
            throw fault(legacy ? 0x5 : 0x85);
        }
        if (reads && !leaf.read()) {
            throw fault(legacy ? 0x6 : 0x86);
        }
    }

    /** Step 14. */
    static void checkOutput(long address, boolean legacy) {
        if (inWindow(address)) {
            throw fault(legacy ? 0xE : 0x87);
        }
    }

    /** An end that is recorded, but for FPD. */
    ReferenceAnswer refuse(Transaction q, ReferenceFault fault, ReferenceLookup lookup, int type, Status status) {
        boolean silent = fault.isQualified() && lookup.silent;
        return ReferenceAnswer.end(status, fault.reason, silent ? null : record(q, fault.reason, type));
    }

    /** Section 2.7. */
    long[] record(Transaction q, int reason, int type) {
        boolean atomic = type != TRANSLATION && (q.access() & Access.ATOMIC) != 0;
        boolean execute = (q.access() & Access.INSTRUCTION) != 0;
        boolean reads = type == TRANSLATION || atomic || !Access.isWrite(q.access());
        long high = q.streamId() & 0xFFFF | (long) reason << 32 | (reads ? 1L << 62 : 0) | (atomic ? 1L << 28 : 0);
        high |= 1L << 63 | (machine.extended(2) ? (long) type << 60 : 0);
        if (q.hasSubstream() && machine.extended(40)) {
            high |= 1L << 31 | (long) q.substreamId() << 40;
            high |= Access.isPrivileged(q.access()) ? 1L << 29 : 0;
            high |= reads && !atomic && execute ? 1L << 30 : 0;
        }
        return new long[] {q.address() & -0x1000, high};
    }
}
