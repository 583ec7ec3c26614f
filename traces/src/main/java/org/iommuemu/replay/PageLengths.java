// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.memory.PhysicalMemory;

/**
 * How much each DMA record of a capture moves. A capture has a record for every page of a transfer, of which only the first says how
 * long that is, and says so for all.
 */
final class PageLengths {
    /** What is left of a stream's transfer, and where it goes on. */
    private static final class Rest {
        private long address;
        private long bytes;
    }

    private final Int2ObjectHashMap<Rest> rests = new Int2ObjectHashMap<>();

    /** Bytes of a record within its page, or 0 if nobody knows. */
    long of(TraceRecord r) {
        Rest rest = rests.get(r.sid());
        if (rest == null) {
            rest = new Rest();
            rests.put(r.sid(), rest);
        }
        boolean goesOn = r.length() == 0 && rest.address == r.iova();
        long length = goesOn ? rest.bytes : r.length();
        long here = Math.min(length, PhysicalMemory.PAGE_BYTES - (r.iova() & PhysicalMemory.PAGE_BYTES - 1));
        rest.address = r.iova() + here;
        rest.bytes = length - here;
        return here;
    }
}
