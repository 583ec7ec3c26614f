// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

import static org.iommuemu.smmuv3.reference.ReferenceFault.BAD_ATS_TREQ;
import static org.iommuemu.smmuv3.reference.ReferenceFault.BAD_STREAMID;
import static org.iommuemu.smmuv3.reference.ReferenceFault.IN;
import static org.iommuemu.smmuv3.reference.ReferenceFault.TRANSL_FORBIDDEN;

import org.iommuemu.iommu.Transaction;
import org.iommuemu.smmuv3.reference.ReferenceAnswer.Status;

/** Translation Requests and transactions with translated addresses (fact sheet 7.3, 7.4). */
final class ReferenceAts {
    private static final int SPLIT_STAGE = 2;
    private static final int R = 1;
    private static final int W = 2;
    private static final int X = 4;

    private final ReferenceSmmu smmu;
    private final ReferenceRegisters machine;

    ReferenceAts(ReferenceSmmu smmu) {
        this.smmu = smmu;
        this.machine = smmu.machine;
    }

    /** Section 7.4. Without IDR3.PASIDTT a PASID counts for nothing. */
    ReferenceAnswer forward(Transaction q) {
        ReferenceAccess access = ReferenceAccess.of(q.access() & 9);
        if (!machine.ats()) {
            return ReferenceAnswer.end(Status.ABORT, null);
        }
        if (!machine.enabled()) {
            return forbidden(q, access);
        }
        if (!machine.atsCheck()) {
            return passed(q);
        }
        Transaction bare = new Transaction().set(q.streamId(), Transaction.NO_SUBSTREAM, q.address(), q.access());
        ReferenceSte ste;
        try {
            ste = smmu.fetchSte(bare);
        } catch (ReferenceSmmu.Silent s) {
            return ReferenceAnswer.end(Status.ABORT, null);
        } catch (ReferenceFault fault) {
            return ReferenceAnswer.end(
                    Status.ABORT, machine.recordAts() ? ReferenceSmmu.record(bare, fault, access) : null);
        }
        if (ste.eats() == 0) {
            return forbidden(q, access);
        }
        if (ste.eats() != SPLIT_STAGE) {
            return passed(q);
        }
        access = ste.override(access);
        try {
            smmu.checkBypass(q.address());
            ReferenceLeaf leaf = new ReferenceStages(machine, smmu.memory, ste).second(q.address(), IN, access);
            return ReferenceAnswer.ok(leaf.output(), leaf.shift());
        } catch (ReferenceFault fault) {
            return smmu.refuse(bare, fault, access, ste, null);
        }
    }

    private ReferenceAnswer passed(Transaction q) {
        return q.address() >>> machine.oas() != 0
                ? ReferenceAnswer.end(Status.ABORT, null)
                : ReferenceAnswer.ok(q.address(), 0);
    }

    private static ReferenceAnswer forbidden(Transaction q, ReferenceAccess access) {
        long who = TRANSL_FORBIDDEN | (q.streamId() & 0xFFFF_FFFFL) << 32;
        return ReferenceAnswer.end(Status.ABORT, new long[] {who, access.recorded() & 1L << 35, q.address(), 0});
    }

    /** Section 7.3. */
    ReferenceAnswer request(Transaction q) {
        if (!machine.ats()) {
            return ReferenceAnswer.end(Status.UR, null);
        }
        if (!machine.enabled()) {
            return refused(q);
        }
        boolean instruction = q.hasSubstream() && (q.access() & 2) != 0;
        boolean privileged = q.hasSubstream() && (q.access() & 4) != 0;
        ReferenceAccess access = new ReferenceAccess(false, false, instruction, privileged);
        try {
            ReferenceSte ste = smmu.fetchSte(q);
            if (ste.eats() == 0) {
                return refused(q);
            }
            access = ste.override(access);
            return request(q, ste, access.privileged(), instruction);
        } catch (ReferenceSmmu.Silent s) {
            return ReferenceAnswer.end(Status.UR, null);
        } catch (ReferenceFault fault) {
            if (fault.isTranslation()) {
                return nothing();
            }
            boolean recorded = machine.recordAts() && (fault.event != BAD_STREAMID || machine.recordBadStream());
            return ReferenceAnswer.end(Status.CA, recorded ? ReferenceSmmu.record(q, fault, access) : null);
        }
    }

    /** No permission, in a page of the smallest granule's size. */
    private ReferenceAnswer nothing() {
        int least = machine.granule(12) ? 12 : machine.granule(14) ? 14 : 16;
        return new ReferenceAnswer(Status.SUCCESS, 0, least, 0, 0, null);
    }

    private static ReferenceAnswer refused(Transaction q) {
        boolean pasid = q.hasSubstream();
        long who = BAD_ATS_TREQ | (q.streamId() & 0xFFFF_FFFFL) << 32;
        who |= pasid ? (long) q.substreamId() << 12 | 1L << 11 : 0;
        // Span 1; P, X and W as they were asked for; R always.
        long what = 1 | 1L << 31 | ((q.access() & 1) != 0 ? 1L << 30 : 0);
        what |= pasid && (q.access() & 2) != 0 ? 1L << 29 : 0;
        what |= pasid && (q.access() & 4) != 0 ? 1L << 28 : 0;
        return ReferenceAnswer.end(Status.UR, new long[] {who, what, q.address() & -0x1000, 0});
    }

    /** What the two stages grant together. */
    private final class Grant {
        private final ReferenceSte ste;
        private final boolean instruction;
        private final boolean writes;
        private ReferenceRights first = ReferenceRights.ALL;
        private ReferenceRights second = ReferenceRights.ALL;

        Grant(ReferenceSte ste, boolean instruction, boolean writes) {
            this.ste = ste;
            this.instruction = instruction;
            this.writes = writes;
        }

        private boolean read() {
            return first.read() && second.read();
        }

        private boolean execute() {
            return first.execute() && second.execute();
        }

        /** What the page is for. */
        int rights() {
            boolean r = ste.instCfg() == 3 ? execute() : read();
            boolean x =
                    instruction && (ste.instCfg() == 2 ? read() : ste.instCfg() == 3 ? execute() : read() && execute());
            boolean w = writes && first.write() && second.write();
            return (r ? R : 0) | (w ? W : 0) | (x ? X : 0);
        }

        /** Writes may be granted to a request with NW where the page is dirty. */
        int open() {
            boolean dirty = !first.clean() && !second.clean();
            return !writes && dirty && first.write() && second.write() ? W : 0;
        }
    }

    private ReferenceAnswer request(Transaction q, ReferenceSte ste, boolean privileged, boolean instruction) {
        smmu.checkSubstream(q, ste);
        ReferenceStages stages = new ReferenceStages(machine, smmu.memory, ste);
        Grant grant = new Grant(ste, instruction, (q.access() & 1) != 0);
        ReferenceCd cd = null;
        ReferenceLeaf first = null;
        long ipa = q.address();
        int shift = 64;
        if (smmu.firstBypassed(q, ste)) {
            smmu.checkBypass(ipa);
        } else {
            cd = smmu.fetchCd(q, ste, stages);
            first = stages.walkFirst(cd, q.address(), privileged);
            grant.first = ReferenceRights.first(first, cd, stages.half(q.address()), privileged, ste.oneHalf());
            ipa = first.output();
            shift = first.shift();
            if (cd.updatesFlag()) {
                stages.mayUpdateFirst(cd, first);
            }
        }
        if ((grant.rights() | grant.open()) == 0) {
            return nothing();
        }
        ReferenceLeaf second = null;
        if (ste.second()) {
            second = stages.walkSecond(ipa, IN);
            grant.second = ReferenceRights.second(second, ste, machine.xnx(), privileged);
            shift = Math.min(shift, second.shift());
            stages.mayUpdateSecond(second);
        }
        int rights = grant.rights();
        if ((rights | grant.open()) == 0) {
            return nothing();
        }
        if (rights != 0) {
            if (first != null) {
                stages.updateFirst(cd, first, (rights & W) != 0 && grant.first.clean());
            }
            if (second != null) {
                stages.updateSecond(second, (rights & W) != 0 && grant.second.clean());
            }
            if (!grant.writes || (rights & W) != 0) {
                smmu.memory.closed();
            }
        }
        long output = second != null && ste.eats() != SPLIT_STAGE ? second.output() : ipa;
        return new ReferenceAnswer(
                Status.SUCCESS, shift == 64 ? output : output & -(1L << shift), shift, rights, grant.open(), null);
    }
}
