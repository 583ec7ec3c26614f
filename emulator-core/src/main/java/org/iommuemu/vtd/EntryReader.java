// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import java.util.Arrays;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.iommu.StructureReader;
import org.iommuemu.memory.PhysicalMemory;

/** Reads root, context and PASID entries, and knows which of their bits are reserved. */
final class EntryReader extends StructureReader {
    private final int addressBits;

    EntryReader(PhysicalMemory memory, int addressBits) {
        super(memory, PhysicalMemory.ADDRESS_BITS);
        this.addressBits = addressBits;
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
}
