// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

import static org.iommuemu.vtd.reference.ReferenceLookup.fault;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.vtd.reference.ReferenceAnswer.Status;

/** Translation Requests and translated requests (fact sheet 10.2, 10.3, 10.5). */
final class ReferenceAts {
    private final ReferenceVtd vtd;
    private final ReferenceRegisters machine;

    ReferenceAts(ReferenceVtd vtd) {
        this.vtd = vtd;
        this.machine = vtd.machine;
    }

    /** Section 10.3. */
    ReferenceAnswer forward(Transaction q) {
        if (!machine.translates() || q.hasSubstream() && !machine.extended(56)) {
            return ReferenceAnswer.end(Status.ABORT, 0, null);
        }
        ReferenceLookup lookup = new ReferenceLookup(machine, vtd.memory, q, (q.access() & Access.INSTRUCTION) != 0);
        try {
            lookup.checkMode();
            lookup.findContext(true);
            checkEnabled(lookup);
            if (q.hasSubstream()) {
                if (!lookup.translatedPasid()) {
                    throw fault(0x49);
                }
                lookup.checkPasid(false);
            }
            if (q.address() >>> machine.hostBits() != 0) {
                throw fault(lookup.legacy() ? 0x4 : 0x83);
            }
            ReferenceVtd.checkOutput(q.address(), lookup.legacy());
            return vtd.guarded(ReferenceAnswer.ok(q.address(), 0, false), false);
        } catch (ReferenceFault fault) {
            return vtd.refuse(q, fault, lookup, ReferenceVtd.TRANSLATED, Status.ABORT);
        }
    }

    private static void checkEnabled(ReferenceLookup lookup) {
        if (lookup.legacy() && lookup.type() != 1) {
            throw fault(0xD);
        }
        if (!lookup.legacy() && !lookup.translationRequests()) {
            throw fault(0x44);
        }
    }

    /** Section 10.2. */
    ReferenceAnswer request(Transaction q) {
        if (!machine.translates()) {
            return ReferenceAnswer.end(Status.UR, 0, null);
        }
        ReferenceLookup lookup = new ReferenceLookup(machine, vtd.memory, q, (q.access() & Access.INSTRUCTION) != 0);
        try {
            return request(q, lookup);
        } catch (ReferenceFault fault) {
            Status status = fault.completion();
            if (status == Status.SUCCESS) {
                return new ReferenceAnswer(Status.SUCCESS, 0, 12, 0, false, fault.reason, null);
            }
            return vtd.refuse(q, fault, lookup, ReferenceVtd.TRANSLATION, status);
        }
    }

    private ReferenceAnswer request(Transaction q, ReferenceLookup lookup) {
        // Without NWFS the flag counts for nothing (10.5), here too.
        boolean noWrite = !Access.isWrite(q.access()) && machine.extended(33);
        lookup.checkMode();
        lookup.findContext(false);
        checkEnabled(lookup);
        if (!q.hasSubstream() && ReferenceVtd.inWindow(q.address())) {
            return ReferenceAnswer.success(0, 0, noWrite ? 0 : ReferenceAnswer.W | ReferenceAnswer.U);
        }
        ReferenceContext context;
        if (lookup.legacy()) {
            context = lookup.legacyContext();
        } else {
            lookup.checkPasid(true);
            context = lookup.scalableContext();
        }
        if (context.kind() == ReferenceContext.PASS) {
            if (q.address() >>> machine.hostBits() != 0) {
                throw fault(0x83);
            }
            int rights = ReferenceAnswer.R | (noWrite ? 0 : ReferenceAnswer.W);
            return ReferenceAnswer.success(q.address(), 0, rights, context.forcesSnoop());
        }
        return walk(q, context, noWrite);
    }

    private ReferenceAnswer walk(Transaction q, ReferenceContext context, boolean readOnly) {
        ReferenceStages stages = new ReferenceStages(machine, vtd.memory, context);
        boolean read = true;
        boolean write = !readOnly;
        boolean snoop = context.forcesSnoop();
        int shift = 64;
        long output = q.address();
        if (context.kind() != ReferenceContext.SECOND) {
            ReferenceLeaf first = ReferenceVtd.walkFirst(stages, output, context);
            write &= ReferenceVtd.mayWrite(first, context);
            stages.updateFirst(first, write);
            shift = first.shift();
            output = first.output();
        }
        if (context.kind() != ReferenceContext.FIRST) {
            ReferenceLeaf second = stages.second(output, !readOnly);
            read &= second.read();
            write &= second.write();
            snoop |= second.snoop();
            stages.updateSecond(second, write);
            shift = Math.min(shift, second.shift());
            output = second.output();
        }
        int rights = (read ? ReferenceAnswer.R : 0) | (write ? ReferenceAnswer.W : 0);
        if (rights == 0) {
            return ReferenceAnswer.success(0, 12, 0);
        }
        // Step 11: the range, not the address.
        if (ReferenceVtd.inWindow(output) || 0xFEE0_0000L >>> shift == output >>> shift) {
            throw fault(context.legacy() ? 0xE : 0x87);
        }
        stages.apply();
        return ReferenceAnswer.success(output & -(1L << shift), shift, rights, snoop);
    }
}
