// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

import static org.iommuemu.smmuv3.reference.ReferenceFault.BAD_CD;
import static org.iommuemu.smmuv3.reference.ReferenceFault.BAD_STE;
import static org.iommuemu.smmuv3.reference.ReferenceFault.BAD_STREAMID;
import static org.iommuemu.smmuv3.reference.ReferenceFault.BAD_SUBSTREAMID;
import static org.iommuemu.smmuv3.reference.ReferenceFault.CD_FETCH;
import static org.iommuemu.smmuv3.reference.ReferenceFault.IN;
import static org.iommuemu.smmuv3.reference.ReferenceFault.PERMISSION;
import static org.iommuemu.smmuv3.reference.ReferenceFault.STE_FETCH;
import static org.iommuemu.smmuv3.reference.ReferenceFault.STREAM_DISABLED;

import java.util.function.IntPredicate;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.reference.ReferenceMemory;
import org.iommuemu.smmuv3.reference.ReferenceAnswer.Status;

/** One untranslated transaction after another, each from the registers and the memory alone (fact sheet 7.1). */
final class ReferenceSmmu {
    /** A fault that leaves no trace: the stream is to be terminated. */
    static final class Silent extends RuntimeException {
        private static final long serialVersionUID = 1;

        Silent() {
            super("Config=0b0xx", null, false, false);
        }
    }

    final ReferenceRegisters machine;
    final ReferenceMemory memory;
    private final IntPredicate canStall;

    ReferenceSmmu(ReferenceRegisters machine, ReferenceMemory memory, IntPredicate canStall) {
        this.machine = machine;
        this.memory = memory;
        this.canStall = canStall;
    }

    /** Section 7.1. */
    ReferenceAnswer translate(Transaction q) {
        if (!machine.enabled()) {
            boolean refused = ReferenceRegisters.bit(machine.gbpa(), 20) || q.address() >>> machine.oas() != 0;
            return refused ? ReferenceAnswer.end(Status.ABORT, null) : ReferenceAnswer.ok(q.address(), 0);
        }
        ReferenceAccess access = ReferenceAccess.of(q.access());
        ReferenceSte ste = null;
        ReferenceCd cd = null;
        try {
            ste = fetchSte(q);
            access = ste.override(access);
            checkSubstream(q, ste);
            if (ste.config() == 4) {
                if (q.address() >>> machine.oas() != 0) {
                    throw ReferenceFault.outOfRange();
                }
                return ReferenceAnswer.ok(q.address(), 0);
            }
            ReferenceStages stages = new ReferenceStages(machine, memory, ste);
            if (firstBypassed(q, ste)) {
                return throughSecond(stages, ste, q.address(), 64, access);
            }
            cd = fetchCd(q, ste, stages);
            ReferenceLeaf leaf = stages.first(cd, q.address(), access);
            return throughSecond(stages, ste, leaf.output(), leaf.shift(), access);
        } catch (Silent s) {
            return ReferenceAnswer.end(Status.ABORT, null);
        } catch (ReferenceFault fault) {
            return refuse(q, fault, access, ste, cd);
        }
    }

    private ReferenceAnswer throughSecond(
            ReferenceStages stages, ReferenceSte ste, long ipa, int shift, ReferenceAccess access) {
        if (shift == 64) {
            checkBypass(ipa);
        }
        if (!ste.second()) {
            return ReferenceAnswer.ok(ipa & (1L << machine.oas()) - 1, shift == 64 ? 0 : shift);
        }
        ReferenceLeaf leaf = stages.second(ipa, IN, access);
        return ReferenceAnswer.ok(leaf.output(), Math.min(shift, leaf.shift()));
    }

    /** Step 13. */
    void checkBypass(long address) {
        if (address >>> machine.ias() != 0) {
            throw ReferenceFault.outOfRange();
        }
    }

    /** Steps 3 to 5. */
    ReferenceSte fetchSte(Transaction q) {
        long stream = q.streamId() & 0xFFFF_FFFFL;
        int log2 = (int) ReferenceRegisters.bits(machine.cfg(), 5, 0);
        int used = Math.min(log2, machine.streamBits());
        if (stream >>> used != 0) {
            throw ReferenceFault.of(BAD_STREAMID);
        }
        long base = ReferenceRegisters.bits(machine.base(), 55, 6) << 6;
        boolean twoLevel = machine.twoLevelStreams() && ReferenceRegisters.bits(machine.cfg(), 17, 16) == 1;
        long at;
        if (twoLevel) {
            int code = (int) ReferenceRegisters.bits(machine.cfg(), 10, 6);
            int split = code == 8 || code == 10 ? code : 6;
            long l1 = align(base, Math.max(5, log2 - split - 1 + 3)) + (stream >>> split) * 8;
            at = fetchL1std(l1, stream & (1L << split) - 1, split);
        } else {
            at = align(base, log2 + 5) + stream * 64;
        }
        checkFetch(at, 64);
        ReferenceSte ste = new ReferenceSte(memory.structure(at, 8), machine);
        if (ste.illegal()) {
            throw ReferenceFault.of(BAD_STE);
        }
        if (!ste.translates()) {
            throw new Silent();
        }
        return ste;
    }

    /** Clears bits {@code top:0}. */
    private static long align(long address, int top) {
        return top >= 63 ? 0 : address & -(2L << top);
    }

    private long fetchL1std(long at, long index, int split) {
        checkFetch(at, 8);
        long l1std = memory.read(at, false);
        int span = (int) l1std & 0x1F;
        if (span == 0 || span > 11 || span > split + 1 || index >= 1L << span - 1) {
            throw ReferenceFault.of(BAD_STREAMID);
        }
        return align(ReferenceRegisters.bits(l1std, 55, 6) << 6, 5 + span - 1) + index * 64;
    }

    private void checkFetch(long at, int bytes) {
        if (at >>> machine.oas() != 0 || !memory.answers(at, bytes)) {
            throw ReferenceFault.fetch(STE_FETCH, at & (1L << machine.oas()) - 1);
        }
    }

    /** Step 7. */
    void checkSubstream(Transaction q, ReferenceSte ste) {
        if (q.hasSubstream()
                && (!ste.first() || ste.contextBits() == 0 || q.substreamId() >>> ste.contextBits() != 0)) {
            throw ReferenceFault.of(BAD_SUBSTREAMID);
        }
    }

    /** Step 9: whether stage 1 is bypassed, by Config or by S1DSS. */
    boolean firstBypassed(Transaction q, ReferenceSte ste) {
        if (!ste.first()) {
            return true;
        }
        if (ste.contextBits() == 0) {
            return false;
        }
        int dss = (int) ste.get(65, 64);
        if (q.hasSubstream() ? q.substreamId() == 0 && dss == 2 : dss == 0 || dss == 3) {
            throw ReferenceFault.of(STREAM_DISABLED);
        }
        return !q.hasSubstream() && dss == 1;
    }

    /** Step 10. */
    ReferenceCd fetchCd(Transaction q, ReferenceSte ste, ReferenceStages stages) {
        long index = q.hasSubstream() ? q.substreamId() : 0;
        int fmt = (int) ste.get(5, 4);
        long at = ste.contextPointer() & -ste.contextTableBytes();
        if (ste.contextBits() > 0 && (fmt == 1 || fmt == 2)) {
            int leafBits = fmt == 1 ? 6 : 10;
            long l1 = stages.place(at + (index >>> leafBits) * 8, ReferenceFault.CD);
            if (!memory.answers(l1, 8)) {
                throw ReferenceFault.fetch(CD_FETCH, l1);
            }
            long l1cd = memory.read(l1, false);
            long table = ReferenceRegisters.bits(l1cd, 55, fmt == 1 ? 12 : 16) << (fmt == 1 ? 12 : 16);
            int limit = ste.second() ? machine.ias() : machine.oas();
            if ((l1cd & 1) == 0 || table >>> limit != 0) {
                throw ReferenceFault.of(BAD_SUBSTREAMID);
            }
            at = table + (index & (1L << leafBits) - 1) * 64;
        } else {
            at += index * 64;
        }
        long place = stages.place(at, ReferenceFault.CD);
        if (!memory.answers(place, 64)) {
            throw ReferenceFault.fetch(CD_FETCH, place);
        }
        ReferenceCd cd = new ReferenceCd(memory.structure(place, 8), machine, ste);
        if (cd.illegal()) {
            throw ReferenceFault.of(BAD_CD);
        }
        return cd;
    }

    /** Section 3.5: what a fault comes to. */
    ReferenceAnswer refuse(
            Transaction q, ReferenceFault fault, ReferenceAccess access, ReferenceSte ste, ReferenceCd cd) {
        long[] event = record(q, fault, access);
        if (!fault.isTranslation() || fault.bypassed) {
            boolean recorded = fault.event != BAD_STREAMID || machine.recordBadStream();
            return ReferenceAnswer.end(Status.ABORT, recorded ? event : null);
        }
        boolean stalls = fault.second ? ste.get(185) : cd.get(44);
        boolean records = fault.second ? ste.get(186) : cd.get(45);
        boolean aborts = fault.second || cd.get(46);
        if (stalls) {
            if (!canStall.test(q.streamId())) {
                return ReferenceAnswer.end(Status.ABORT, event);
            }
            event[1] |= 1L << 31;
            return ReferenceAnswer.end(Status.STALL, event);
        }
        return ReferenceAnswer.end(aborts ? Status.ABORT : Status.RAZ_WI, records ? event : null);
    }

    /** Sections 6.1 and 6.2. */
    static long[] record(Transaction q, ReferenceFault fault, ReferenceAccess access) {
        long who = fault.event | (q.streamId() & 0xFFFF_FFFFL) << 32;
        long substream = q.hasSubstream() ? (long) q.substreamId() << 12 | 1L << 11 : 0;
        long what = access.recorded() | (fault.readMissing ? 1L << 35 : 0);
        long where = (fault.second ? 1L << 39 : 0) | (long) fault.cause << 40;
        long ipa = fault.second ? ReferenceRegisters.bits(fault.ipa, 55, 12) << 12 : 0;
        long fetched = ReferenceRegisters.bits(fault.fetched, 55, 3) << 3;
        return switch (fault.event) {
            case STREAM_DISABLED -> new long[] {who, 0, 0, 0};
            case BAD_SUBSTREAMID -> new long[] {who | substream & ~(1L << 11), 0, 0, 0};
            case STE_FETCH, CD_FETCH -> new long[] {who | substream, 0, 0, fetched};
            case BAD_STREAMID, BAD_STE, BAD_CD -> new long[] {who | substream, 0, 0, 0};
            case ReferenceFault.WALK_EABT -> new long[] {who | substream, what | where, q.address(), fetched};
            case PERMISSION ->
                new long[] {who | substream, what | where | (fault.tableRead ? 1L << 44 : 0), q.address(), ipa};
            default -> new long[] {who | substream, what | where, q.address(), ipa};
        };
    }
}
