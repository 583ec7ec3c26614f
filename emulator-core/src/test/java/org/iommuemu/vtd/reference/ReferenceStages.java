// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

import static org.iommuemu.vtd.reference.ReferenceLookup.fault;
import static org.iommuemu.vtd.reference.ReferenceRegisters.bit;
import static org.iommuemu.vtd.reference.ReferenceRegisters.bits;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.reference.ReferenceMemory;

/** The walks of both stages, and what they leave in the tables (fact sheet 6, 7, 8). */
final class ReferenceStages {
    private static final long FIRST_ACCESSED = 1L << 5;
    private static final long FIRST_DIRTY = 1L << 6;
    private static final long EXTENDED_ACCESSED = 1L << 10;
    private static final long SECOND_ACCESSED = 1L << 8;
    private static final long SECOND_DIRTY = 1L << 9;

    private final ReferenceRegisters machine;
    private final ReferenceMemory memory;
    private final ReferenceContext context;
    /** Bits to be set once the request has gone well, by address. */
    private final Map<Long, Long> updates = new LinkedHashMap<>();
    /** Entries of first-stage tables that the second stage does not let be written. */
    private final List<Long> unwritable = new ArrayList<>();

    ReferenceStages(ReferenceRegisters machine, ReferenceMemory memory, ReferenceContext context) {
        this.machine = machine;
        this.memory = memory;
        this.context = context;
    }

    /** Sets accessed and dirty bits. */
    void apply() {
        memory.closed();
        updates.forEach((at, mask) -> memory.write(at, false, memory.read(at, false) | mask));
    }

    /** Section 6. */
    ReferenceLeaf second(long input, boolean writes) {
        if (input >>> context.width() != 0) {
            throw fault(context.legacy() ? 0x4 : context.kind() == ReferenceContext.NESTED ? 0x74 : 0x84);
        }
        boolean read = true;
        boolean write = true;
        long table = context.second();
        for (int level = context.levels(); ; level--) {
            int shift = 12 + 9 * (level - 1);
            long at = table + bits(input, shift + 8, shift) * 8;
            if (!memory.answers(at, 8)) {
                boolean top = level == context.levels();
                throw fault(context.legacy() ? top ? 0x3 : 0x7 : top ? 0x7B : 0x78);
            }
            long e = memory.read(at, false);
            if (bits(e, 1, 0) == 0) {
                throw fault(context.legacy() ? writes ? 0x5 : 0x6 : 0x79);
            }
            boolean leaf = level == 1 || level <= 3 && bit(e, 7);
            if (reservedInSecond(e, level, leaf)) {
                throw fault(context.legacy() ? 0xC : 0x7A);
            }
            read &= bit(e, 0);
            write &= bit(e, 1);
            if (!read && !write && !context.legacy()) {
                throw fault(0x79);
            }
            if (context.updates()) {
                memory.mayChange(at, false, SECOND_ACCESSED | (leaf ? SECOND_DIRTY : 0));
                note(at, leaf ? 0 : SECOND_ACCESSED & ~e, 0x7C);
            }
            table = bits(e, 51, 12) << 12;
            if (leaf) {
                long output = bits(e, 51, shift) << shift | bits(input, shift - 1, 0);
                return new ReferenceLeaf(output, shift, read, write, true, bit(e, 11), at);
            }
        }
    }

    private boolean reservedInSecond(long e, int level, boolean leaf) {
        boolean wrong = bits(e, 51, 12) << 12 >>> machine.hostBits() != 0;
        wrong |= level > 3 && bit(e, 7);
        // Units before major version 2 accept TM with device-TLBs, and SNP with scalable mode: a choice of the model.
        boolean early = machine.major() < 2;
        wrong |= bit(e, 62) && !(leaf && early && machine.extended(2));
        if (!leaf) {
            return wrong || bit(e, 11);
        }
        wrong |= bit(e, 11) && !machine.extended(7) && !(early && machine.extended(43));
        wrong |= level == 2 && (!machine.large(21) || bits(e, 20, 12) != 0);
        wrong |= level == 3 && (!machine.large(30) || bits(e, 29, 12) != 0);
        return wrong;
    }

    /** Section 7, and with kind NESTED section 8. */
    ReferenceLeaf first(long input) {
        boolean read = true;
        boolean write = true;
        boolean user = true;
        long table = context.first();
        for (int level = context.firstLevels(); ; level--) {
            int shift = 12 + 9 * (level - 1);
            boolean top = level == context.firstLevels();
            long at = table + bits(input, shift + 8, shift) * 8;
            if (context.kind() == ReferenceContext.NESTED) {
                at = throughSecond(at, top);
            }
            if (!memory.answers(at, 8)) {
                throw fault(top ? 0x73 : 0x70);
            }
            long e = memory.read(at, false);
            if (!bit(e, 0)) {
                throw fault(0x71);
            }
            boolean leaf = level == 1 || level <= 3 && bit(e, 7);
            if (reservedInFirst(e, level, leaf)) {
                throw fault(0x72);
            }
            memory.mayChange(at, false, accessedInFirst() | (leaf ? FIRST_DIRTY : 0));
            table = bits(e, 51, 12) << 12;
            write &= bit(e, 1);
            user &= bit(e, 2);
            if (!leaf) {
                mark(at, accessedInFirst() & ~e);
            }
            if (leaf) {
                return new ReferenceLeaf(
                        page(e, shift) | bits(input, shift - 1, 0), shift, read, write, user, false, at);
            }
        }
    }

    private static long page(long e, int shift) {
        return bits(e, 51, shift) << shift;
    }

    private long accessedInFirst() {
        return FIRST_ACCESSED | (context.extendedAccessed() ? EXTENDED_ACCESSED : 0);
    }

    /** Where a first-stage entry is. */
    private long throughSecond(long guest, boolean top) {
        ReferenceLeaf leaf = second(guest, false);
        if (!leaf.read()) {
            throw fault(top ? 0x75 : 0x76);
        }
        if (context.updates()) {
            if (!leaf.write()) {
                throw fault(0x77);
            }
            updateSecond(leaf, true);
        } else if (!leaf.write()) {
            unwritable.add(leaf.output());
        }
        return leaf.output();
    }

    private boolean reservedInFirst(long e, int level, boolean leaf) {
        boolean wrong = bits(e, 51, 12) << 12 >>> machine.hostBits() != 0;
        wrong |= level > 3 && bit(e, 7);
        if (leaf && level == 3) {
            wrong |= !bit(machine.cap(), 56) || bits(e, 29, 13) != 0;
        }
        if (leaf && level == 2) {
            wrong |= bits(e, 20, 13) != 0;
        }
        return wrong;
    }

    /** Notes the bits that a use of a first-stage leaf sets. */
    void updateFirst(ReferenceLeaf leaf, boolean dirty) {
        mark(leaf.entry(), (accessedInFirst() | (dirty ? FIRST_DIRTY : 0)) & ~memory.read(leaf.entry(), false));
    }

    private void mark(long at, long missing) {
        note(at, missing, 0x90);
        if (missing != 0 && unwritable.contains(at)) {
            throw fault(0x77);
        }
    }

    /** Notes the bits that a use of a second-stage leaf sets. */
    void updateSecond(ReferenceLeaf leaf, boolean dirty) {
        if (context.updates()) {
            long wanted = SECOND_ACCESSED | (dirty ? SECOND_DIRTY : 0);
            note(leaf.entry(), wanted & ~memory.read(leaf.entry(), false), 0x7C);
        }
    }

    private void note(long at, long missing, int reason) {
        if (missing == 0) {
            return;
        }
        // Units before major version 2 set bits all the same: a choice of the model.
        if (!context.snoops() && machine.major() >= 2) {
            throw fault(reason);
        }
        updates.merge(at, missing, (a, b) -> a | b);
    }
}
