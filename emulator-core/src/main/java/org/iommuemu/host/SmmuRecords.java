// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.iommu.PageRequest;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.PriEntry;

/** What an SMMUv3's records say. */
final class SmmuRecords {
    private SmmuRecords() {}

    /** An event record (IHI 0070 §7.3). */
    static DmaFault fault(PhysicalMemory memory, long at) {
        long[] words = words(memory, at);
        Event event = Event.of(words[0]);
        boolean hasAddress = event != null && event.layout().fields().stream().anyMatch(f -> isAddress(f.name()));
        boolean hasDirection = event != null && event.layout().fields().contains(Event.RNW);
        boolean hasRequest = event != null && event.layout().fields().contains(Event.REQUEST_W);
        return new DmaFault(
                Event.STREAM_ID.getInt(words),
                Event.SSV.isSet(words) ? Event.SUBSTREAM_ID.getInt(words) : IommuDriver.NO_PASID,
                hasAddress ? Event.INPUT_ADDR.get(words) : 0,
                hasDirection && !Event.RNW.isSet(words) || hasRequest && Event.REQUEST_W.isSet(words),
                event == null ? "event " + Event.TYPE.get(words) : event.name());
    }

    /** An event record, as it is. */
    static long[] words(PhysicalMemory memory, long at) {
        long[] words = new long[Event.WORDS];
        for (int i = 0; i < words.length; i++) {
            words[i] = memory.readLong(at + (long) i * Long.BYTES);
        }
        return words;
    }

    private static boolean isAddress(String field) {
        return field.equals(Event.INPUT_ADDR.name());
    }

    /** A PRI queue entry (IHI 0070 chapter 8). */
    static PageRequest pageRequest(PhysicalMemory memory, long at) {
        long word0 = memory.readLong(at);
        long word1 = memory.readLong(at + Long.BYTES);
        return new PageRequest(
                PriEntry.STREAM_ID.getInt(word0),
                PriEntry.SSV.isSet(word0) ? PriEntry.SUBSTREAM_ID.getInt(word0) : IommuDriver.NO_PASID,
                PriEntry.ADDRESS.inPlace(word1),
                PriEntry.R.isSet(word0),
                PriEntry.W.isSet(word0),
                PriEntry.X.isSet(word0),
                PriEntry.PRIV.isSet(word0),
                PriEntry.LAST.isSet(word0),
                PriEntry.PRG_INDEX.getInt(word1));
    }
}
