// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.bits.Layout;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/** Reads configuration structures from memory, for the stream table and the context descriptors alike. */
final class StructureReader {
    private final PhysicalMemory memory;
    private final int addressBits;
    private @Nullable StructureObserver observer;
    private @Nullable StructureObserver detector;
    private long reads;
    private long aborts;

    StructureReader(PhysicalMemory memory, int addressBits) {
        this.memory = memory;
        this.addressBits = addressBits;
    }

    void observe(@Nullable StructureObserver watcher) {
        observer = watcher;
    }

    /** Shows every structure to one more, beside {@link #observe}. */
    void detect(StructureObserver watcher) {
        detector = watcher;
    }

    /**
     * Reads one structure.
     *
     * @return false on an external abort, or if the address is wider than OAS
     */
    boolean read(Layout layout, long address, long[] into) {
        reads++;
        if (address >>> addressBits != 0 || !memory.answers(address, layout.words() * Long.BYTES)) {
            aborts++;
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

    /** Structures read so far, aborted reads included. */
    long reads() {
        return reads;
    }

    /** Reads that got no answer. */
    long aborts() {
        return aborts;
    }
}
