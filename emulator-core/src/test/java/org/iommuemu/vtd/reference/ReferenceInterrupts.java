// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

import static org.iommuemu.vtd.reference.ReferenceLookup.fault;
import static org.iommuemu.vtd.reference.ReferenceRegisters.bit;
import static org.iommuemu.vtd.reference.ReferenceRegisters.bits;

import org.iommuemu.reference.ReferenceMemory;
import org.iommuemu.vtd.reference.ReferenceAnswer.Status;

/** Writes to the interrupt window (fact sheet 16). */
final class ReferenceInterrupts {
    /** Function bits that SQ leaves out of the comparison. */
    private static final int[] QUALIFIERS = {0xFFFF, 0xFFFB, 0xFFF9, 0xFFF8};

    /** Neither remapped nor refused. */
    private static final int AS_IT_IS = -1;

    private final ReferenceRegisters machine;
    private final ReferenceMemory memory;
    private boolean silent;
    private long index;

    ReferenceInterrupts(ReferenceRegisters machine, ReferenceMemory memory) {
        this.machine = machine;
        this.memory = memory;
    }

    /** Section 16.2. In an answer that is OK, {@code address} is the message's, and {@code granted} its data. */
    ReferenceAnswer remap(int source, long address, int data) {
        silent = false;
        index = AS_IT_IS;
        try {
            long[] entry = find(source, address, data);
            return entry == null
                    ? new ReferenceAnswer(Status.OK, address, 0, data, false, 0, null)
                    : new ReferenceAnswer(Status.OK, target(entry), 0, message(entry), false, 0, null);
        } catch (ReferenceFault fault) {
            long low = index == AS_IT_IS ? 0 : index << 48;
            long high = source & 0xFFFF | (long) fault.reason << 32 | 1L << 63;
            boolean recorded = !fault.isQualified() || !silent;
            return ReferenceAnswer.end(Status.ABORT, fault.reason, recorded ? new long[] {low, high} : null);
        }
    }

    private boolean extended() {
        return bit(machine.interrupts(), 11);
    }

    private long[] find(int source, long address, int data) {
        if (!machine.translates() && !machine.remaps()) {
            return machineOff();
        }
        if ((address & 3) != 0) {
            throw fault(0x29);
        }
        if (!machine.remaps()) {
            return machineOff();
        }
        if (machine.extended(61) && !extended()) {
            throw fault(0x2A);
        }
        if (!bit(address, 4)) {
            if (extended() || !bit(machine.status(), 23)) {
                throw fault(0x25);
            }
            return null;
        }
        boolean subhandle = bit(address, 3);
        if (subhandle && data >>> 16 != 0) {
            throw fault(0x20);
        }
        long handle = bits(address, 19, 5) | bits(address, 2, 2) << 15;
        index = handle + (subhandle ? data & 0xFFFF : 0) & 0xFFFF;
        if (index >= 2L << bits(machine.interrupts(), 3, 0)) {
            throw fault(0x21);
        }
        long at = (bits(machine.interrupts(), 63, 12) << 12) + index * 16;
        if (!memory.answers(at, 16)) {
            throw fault(0x23);
        }
        long[] entry = memory.structure(at, 2);
        check(entry, source);
        return entry;
    }

    private long[] machineOff() {
        if (machine.extended(62)) {
            throw fault(0x2B);
        }
        return null;
    }

    /** Steps 8 to 10. */
    private void check(long[] e, int source) {
        silent = bit(e[0], 1);
        if (!bit(e[0], 0)) {
            throw fault(0x22);
        }
        boolean narrow = !extended() && (bits(e[0], 63, 48) != 0 || bits(e[0], 39, 32) != 0);
        int validation = (int) bits(e[1], 19, 18);
        if (bits(e[0], 15, 12) != 0
                || bits(e[0], 31, 24) != 0
                || narrow
                || bits(e[1], 63, 20) != 0
                || validation == 3) {
            throw fault(0x24);
        }
        int id = (int) bits(e[1], 15, 0);
        int mask = QUALIFIERS[(int) bits(e[1], 17, 16)];
        int bus = source >>> 8 & 0xFF;
        boolean good = switch (validation) {
            case 1 -> (id & mask) == (source & mask);
            case 2 -> bus >= id >>> 8 && bus <= (id & 0xFF);
            default -> true;
        };
        if (!good) {
            throw fault(0x26);
        }
    }

    private long target(long[] e) {
        long modes = bits(e[0], 3, 3) << 3 | bits(e[0], 2, 2) << 2 | 0xFEE0_0000L;
        long destination = bits(e[0], 63, 32);
        return extended()
                ? modes | (destination & 0xFF) << 12 | destination >>> 8 << 40
                : modes | (destination >>> 8 & 0xFF) << 12;
    }

    private static int message(long[] e) {
        return (int) (bits(e[0], 23, 16) | bits(e[0], 7, 5) << 8 | 1 << 14 | bits(e[0], 4, 4) << 15);
    }
}
