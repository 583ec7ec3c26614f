// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import java.util.Arrays;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/** Reads root, context and PASID entries, and knows which of their bits are reserved. */
final class EntryReader {
    private final PhysicalMemory memory;
    private final int addressBits;
    private @Nullable StructureObserver observer;
    private @Nullable StructureObserver detector;
    private long reads;

    EntryReader(PhysicalMemory memory, int addressBits) {
        this.memory = memory;
        this.addressBits = addressBits;
    }

    void observe(@Nullable StructureObserver watcher) {
        observer = watcher;
    }

    /** Shows every entry to one more, beside {@link #observe}. */
    void detect(StructureObserver watcher) {
        detector = watcher;
    }

    /** Reads one entry; false if it gets no answer. */
    boolean read(Layout layout, long address, long[] into) {
        reads++;
        if (address >>> PhysicalMemory.ADDRESS_BITS != 0 || !memory.answers(address, layout.words() * Long.BYTES)) {
            return false;
        }
        for (int i = 0; i < layout.words(); i++) {
            into[i] = memory.readLong(address + (long) i * Long.BYTES);
        }
        if (observer != null) {
            observer.fetched(layout, address, into);
        }
        if (detector != null) {
            detector.fetched(layout, address, into);
        }
        return true;
    }

    /** The bits of each word that no field has, and those of addresses beyond the host's width. */
    long[] reservedBits(Layout layout, BitField... addresses) {
        long[] reserved = new long[layout.words()];
        Arrays.fill(reserved, -1L);
        for (BitField f : layout.fields()) {
            reserved[f.word()] &= ~f.mask();
        }
        for (BitField f : addresses) {
            reserved[f.word()] |= beyondHost(f);
        }
        return reserved;
    }

    /** The bits of an address that are beyond the host's width. */
    long beyondHost(BitField address) {
        return address.mask() & -1L << addressBits;
    }

    /** Whether a reserved bit is set. */
    static boolean breaks(long[] entry, long[] reserved) {
        for (int i = 0; i < reserved.length; i++) {
            if ((entry[i] & reserved[i]) != 0) {
                return true;
            }
        }
        return false;
    }

    /** The host's address width. */
    int addressBits() {
        return addressBits;
    }

    /** Entries read so far. */
    long reads() {
        return reads;
    }
}
