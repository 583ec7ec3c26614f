// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.iommuemu.bits.Layout;
import org.iommuemu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/** Reads configuration structures from memory, and shows them to who wants to see them. */
public class StructureReader {
    private final PhysicalMemory memory;
    private final int addressBits;
    private @Nullable StructureObserver observer;
    private @Nullable StructureObserver detector;
    private long reads;
    private long aborts;

    /**
     * A reader.
     *
     * @param addressBits width of the addresses that anything can be read from
     */
    public StructureReader(PhysicalMemory memory, int addressBits) {
        this.memory = memory;
        this.addressBits = addressBits;
    }

    /** Shows every structure read from now on to {@code watcher}; null ends it. */
    public final void observe(@Nullable StructureObserver watcher) {
        observer = watcher;
    }

    /** Shows every structure to one more, beside {@link #observe}. */
    public final void detect(StructureObserver watcher) {
        detector = watcher;
    }

    /**
     * Reads one structure.
     *
     * @return false on an external abort, or if the address is wider than it may be
     */
    public final boolean read(Layout layout, long address, long[] into) {
        reads++;
        if (address >>> addressBits != 0 || !memory.answers(address, layout.words() * Long.BYTES)) {
            aborts++;
            return false;
        }
        if (into.length == layout.words()) {
            memory.readLongs(address, into);
        } else {
            for (int i = 0; i < layout.words(); i++) {
                into[i] = memory.readLong(address + (long) i * Long.BYTES);
            }
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
    public final long reads() {
        return reads;
    }

    /** Reads that got no answer. */
    public final long aborts() {
        return aborts;
    }
}
