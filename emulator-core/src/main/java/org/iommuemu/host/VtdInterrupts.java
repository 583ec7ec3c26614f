// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.BitSet;
import org.iommuemu.bits.BitField;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.vtd.InterruptMessage;
import org.iommuemu.vtd.spec.Irte;
import org.iommuemu.vtd.spec.VtdRegisters;

/** The interrupt remapping table, of 2^16 entries, each of which lets one source send one vector (VT-d architecture 5.1). */
final class VtdInterrupts {
    private static final int SIZE = 0xF;
    private static final int ENTRIES = 2 << SIZE;
    private static final int MOST_VECTOR = 0xFF;
    /** The source that messages come from is compared. */
    private static final int VALIDATE_SOURCE = 1;
    /** Where a destination of xAPIC format is. */
    private static final int DESTINATION_SHIFT = 8;

    private static final long WINDOW = 0xFEE0_0000L;
    private static final int HANDLE_SHIFT = 5;
    private static final int HANDLE_BITS = 0x7FFF;
    private static final int HANDLE_15_SHIFT = 2;
    /** Remappable format, and a subhandle in the data, which is 0. */
    private static final long FORMAT = 1 << 4 | 1 << 3;

    private final PhysicalMemory memory;
    private final VtdInvalidations invalidations;
    private final boolean logical;
    private final long table;
    private final BitSet used = new BitSet();

    /**
     * An empty table.
     *
     * @param logical whether destinations are sets of processors, a bit for each
     */
    VtdInterrupts(PhysicalMemory memory, PageAllocator pages, VtdInvalidations invalidations, boolean logical) {
        this.memory = memory;
        this.invalidations = invalidations;
        this.logical = logical;
        long bytes = (long) ENTRIES * Irte.BYTES;
        table = pages.allocate(bytes, bytes);
    }

    /** What IRTA is to say, in xAPIC mode. */
    long register() {
        return VtdRegisters.IRT_ADDRESS.inPlace(table) | VtdRegisters.IRT_SIZE.of(SIZE);
    }

    /** The lowest entry that nobody has. */
    int allocate() {
        int index = used.nextClearBit(0);
        if (index == ENTRIES) {
            throw new IllegalArgumentException("an interrupt is mapped, expected fewer than " + ENTRIES);
        }
        used.set(index);
        return index;
    }

    /** Lets a source send a vector by an entry; what was cached of the entry goes. */
    void activate(int index, int source, int vector, int processor) {
        if (vector < 0 || vector > MOST_VECTOR) {
            throw new IllegalArgumentException(
                    "vector " + vector + " is mapped, expected one from 0 to " + MOST_VECTOR);
        }
        long[] entry = new long[Irte.WORDS];
        set(entry, Irte.P, 1);
        set(entry, Irte.RH, 1);
        set(entry, Irte.DM, logical ? 1 : 0);
        set(entry, Irte.V, vector);
        set(entry, Irte.DST, (logical ? 1L << processor : processor) << DESTINATION_SHIFT);
        set(entry, Irte.SID, source);
        set(entry, Irte.SVT, VALIDATE_SOURCE);
        StructureWriter.write(memory, place(index), entry);
        invalidate(index);
    }

    private static void set(long[] entry, BitField field, long value) {
        field.set(entry, value);
    }

    /** Lets nobody send anything by an entry. */
    void deactivate(int index) {
        StructureWriter.clear(memory, place(index), Irte.WORDS);
        invalidate(index);
    }

    /** Gives an entry back. */
    void free(int index) {
        deactivate(index);
        used.clear(index);
    }

    private long place(int index) {
        return table + (long) index * Irte.BYTES;
    }

    private void invalidate(int index) {
        invalidations.interruptEntry(index);
        invalidations.complete();
    }

    /** What a device has to write for an entry, in remappable format (VT-d 5.1.2.2). */
    static InterruptMessage message(int index) {
        long handle = (long) (index & HANDLE_BITS) << HANDLE_SHIFT | (long) (index >>> 15) << HANDLE_15_SHIFT;
        return new InterruptMessage(WINDOW | handle | FORMAT, 0);
    }

    /** The entry of what {@link #message} gave. */
    static int index(InterruptMessage message) {
        long address = message.address();
        return (int) (address >>> HANDLE_SHIFT & HANDLE_BITS | (address >>> HANDLE_15_SHIFT & 1) << 15);
    }
}
