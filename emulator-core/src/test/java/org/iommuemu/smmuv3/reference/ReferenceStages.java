// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

import static org.iommuemu.smmuv3.reference.ReferenceFault.ACCESS;
import static org.iommuemu.smmuv3.reference.ReferenceFault.ADDR_SIZE;
import static org.iommuemu.smmuv3.reference.ReferenceFault.IN;
import static org.iommuemu.smmuv3.reference.ReferenceFault.PERMISSION;
import static org.iommuemu.smmuv3.reference.ReferenceFault.TRANSLATION;
import static org.iommuemu.smmuv3.reference.ReferenceFault.TT;

import org.iommuemu.reference.ReferenceMemory;

/** Both stages of one translation (fact sheet chapter 4): ranges, walks, flags, permissions. */
final class ReferenceStages {
    private static final long AF = 1L << 10;
    private static final long READ_ONLY = 1L << 7;

    private final ReferenceRegisters machine;
    private final ReferenceMemory memory;
    private final ReferenceSte ste;

    ReferenceStages(ReferenceRegisters machine, ReferenceMemory memory, ReferenceSte ste) {
        this.machine = machine;
        this.memory = memory;
        this.ste = ste;
    }

    /** The leaf of stage 1: section 4.9, steps 1 and 2, and F_ACCESS of step 3. */
    ReferenceLeaf walkFirst(ReferenceCd cd, long va, boolean privileged) {
        int half = half(va);
        boolean tagged = cd.ignoresTopByte(half);
        long address = va;
        if (tagged) {
            address = ste.oneHalf() ? va & -1L >>> 8 : va << 8 >> 8;
        }
        if (cd.disabled(half) || cd.keepsOut(half) && !privileged) {
            throw ReferenceFault.first(TRANSLATION);
        }
        int bits = cd.inputBits(half);
        boolean inRange = half == 0 ? address >>> bits == 0 : address >> bits == -1;
        if (!inRange) {
            throw ReferenceFault.first(TRANSLATION);
        }
        ReferenceLeaf leaf = walk(cd.tables(half), address, false, IN);
        if (!leaf.accessed() && !cd.updatesFlag() && !cd.get(35)) {
            throw ReferenceFault.first(ACCESS);
        }
        return leaf;
    }

    /** Which of the two tables an address selects. */
    int half(long va) {
        return ste.oneHalf() ? 0 : (int) (va >>> 55 & 1);
    }

    /** An access through stage 1. */
    ReferenceLeaf first(ReferenceCd cd, long va, ReferenceAccess access) {
        ReferenceLeaf leaf = walkFirst(cd, va, access.privileged());
        ReferenceRights rights = ReferenceRights.first(leaf, cd, half(va), access.privileged(), ste.oneHalf());
        if (!rights.permits(access)) {
            // Whether AF is set then is not known.
            if (cd.updatesFlag() && !leaf.accessed()) {
                mayUpdateFirst(cd, leaf);
            }
            throw missing(ReferenceFault.first(PERMISSION), access, rights);
        }
        updateFirst(cd, leaf, access.write() && rights.clean());
        return leaf;
    }

    private static ReferenceFault missing(ReferenceFault fault, ReferenceAccess access, ReferenceRights rights) {
        fault.readMissing = access.atomic() && rights.write();
        return fault;
    }

    /** Sets what stage 1 sets in a leaf, through stage 2 if there is one. */
    void updateFirst(ReferenceCd cd, ReferenceLeaf leaf, boolean dirty) {
        long to = leaf.descriptor();
        to = cd.updatesFlag() ? to | AF : to;
        to = dirty ? to & ~READ_ONLY : to;
        if (to != leaf.descriptor()) {
            memory.write(placeForWrite(leaf.ipa()), cd.get(15), to);
        }
    }

    /** Says that stage 1 may set what it sets in a leaf, and dirty the page that the leaf is in. */
    void mayUpdateFirst(ReferenceCd cd, ReferenceLeaf leaf) {
        memory.mayChange(leaf.place(), cd.get(15), AF | READ_ONLY);
        if (ste.second()) {
            memory.mayChange(walkSecond(leaf.ipa(), TT).place(), ste.get(180), AF | READ_ONLY);
        }
    }

    private long placeForWrite(long ipa) {
        return ste.second()
                ? second(ipa, TT, new ReferenceAccess(true, false, false, true)).output()
                : ipa;
    }

    /** Where a structure or table of stage 1 is, for a read. */
    long place(long ipa, int cause) {
        return ste.second()
                ? second(ipa, cause, new ReferenceAccess(false, false, false, true))
                        .output()
                : ipa;
    }

    /** The leaf of stage 2, up to F_ACCESS. */
    ReferenceLeaf walkSecond(long ipa, int cause) {
        ReferenceTables tables = ste.tables();
        if (ipa >>> tables.inputBits() != 0) {
            throw ReferenceFault.second(TRANSLATION, cause, ipa);
        }
        ReferenceLeaf leaf = walk(tables, ipa, true, cause);
        if (!leaf.accessed() && !ste.updatesFlag() && !ste.get(181)) {
            throw ReferenceFault.second(ACCESS, cause, ipa);
        }
        return leaf;
    }

    /** An access through stage 2. */
    ReferenceLeaf second(long ipa, int cause, ReferenceAccess access) {
        ReferenceLeaf leaf = walkSecond(ipa, cause);
        ReferenceRights rights = ReferenceRights.second(leaf, ste, machine.xnx(), access.privileged());
        boolean kept = cause != IN && ste.get(182) && isDevice(leaf.descriptor());
        if (kept || !rights.permits(access)) {
            if (ste.updatesFlag() && !leaf.accessed()) {
                memory.mayChange(leaf.place(), ste.get(180), AF);
            }
            ReferenceFault fault = ReferenceFault.second(PERMISSION, cause, ipa);
            fault.tableRead = !access.write();
            throw missing(fault, access, rights);
        }
        updateSecond(leaf, access.write() && rights.clean());
        return leaf;
    }

    /** Sets what stage 2 sets in a leaf. */
    void updateSecond(ReferenceLeaf leaf, boolean dirty) {
        long to = leaf.descriptor();
        to = ste.updatesFlag() ? to | AF : to;
        to = dirty ? to | READ_ONLY : to;
        if (to != leaf.descriptor()) {
            memory.write(leaf.place(), ste.get(180), to);
        }
    }

    /** Says that stage 2 may set what it sets in a leaf. */
    void mayUpdateSecond(ReferenceLeaf leaf) {
        if (ste.updatesFlag()) {
            memory.mayChange(leaf.place(), ste.get(180), AF | READ_ONLY);
        }
    }

    /** Section 4.7: MemAttr with and without S2FWB. */
    private boolean isDevice(long descriptor) {
        long attributes = ReferenceRegisters.bits(descriptor, 5, 2);
        return machine.fwb() && ste.get(89) ? (attributes & 4) == 0 : attributes < 4;
    }

    private ReferenceLeaf walk(ReferenceTables tables, long input, boolean second, int cause) {
        long table = tables.base();
        long limits = 0;
        for (int level = tables.start(); ; level++) {
            long ipa = tables.entry(table, level, input);
            long at = second ? ipa : place(ipa, TT);
            if (!memory.answers(at, 8)) {
                throw ReferenceFault.walk(second, cause, at);
            }
            long descriptor = memory.read(at, tables.bigEndian());
            int type = (int) descriptor & 3;
            boolean page = level == 3 && type == 3;
            boolean block = level < 3 && type == 1 && tables.hasBlocks(level);
            boolean next = level < 3 && type == 3;
            if (!page && !block && !next) {
                throw fault(second, TRANSLATION, cause, input);
            }
            int shift = next ? tables.granule() : tables.low(level);
            long address = tables.address(descriptor, shift);
            long output = next ? address : address | input & (1L << shift) - 1;
            if (output >>> tables.outputBits() != 0) {
                // DDI 0487, D8.5.1.3: a table on the way may be marked all the same.
                if (next && tables.flags()) {
                    memory.mayChange(at, tables.bigEndian(), AF);
                }
                throw fault(second, ADDR_SIZE, cause, input);
            }
            if (!next) {
                // A block may be larger than what may come out; only its start is of use then.
                int size = Math.min(shift, tables.outputBits());
                return new ReferenceLeaf(at, ipa, descriptor, size, output, limits);
            }
            if (tables.flags() && (descriptor & AF) == 0) {
                memory.write(second ? at : placeForWrite(ipa), tables.bigEndian(), descriptor | AF);
            }
            limits |= descriptor;
            table = address;
        }
    }

    private static ReferenceFault fault(boolean second, int event, int cause, long input) {
        return second ? ReferenceFault.second(event, cause, input) : ReferenceFault.first(event);
    }
}
