// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.time.Bandwidth;
import org.iommuemu.time.ByteRate;
import org.iommuemu.time.RandomStream;
import org.iommuemu.time.Resource;
import org.iommuemu.time.Slots;
import org.iommuemu.time.Waiter;
import org.jspecify.annotations.Nullable;

/**
 * What a read of a table costs: that of a line in the host's cache, or a way to memory, which has a latency, for some reads,
 * chosen by seed, a longer one, and limits.
 */
final class TableMemory {
    private final TableMemoryParameters parameters;
    private final RandomStream random;
    private final SetAssociativeCache lines;
    /** When each line is there. */
    private final long[] lineReady;

    private final @Nullable Slots slots;
    private final @Nullable Waiter queueing;
    private final @Nullable Bandwidth channel;
    private final @Nullable Waiter transferring;
    private long reads;
    private long slow;

    TableMemory(TableMemoryParameters parameters) {
        this.parameters = parameters;
        random = new RandomStream(parameters.slow().seed());
        lines = new SetAssociativeCache("host cache of table lines", parameters.lines());
        lineReady = new long[lines.capacity()];
        slots = parameters.outstanding() == Integer.MAX_VALUE
                ? null
                : new Slots("table reads under way", parameters.outstanding());
        queueing = slots == null ? null : slots.waiter("walks");
        channel = parameters.bitsPerSecond() == 0
                ? null
                : new Bandwidth("memory for tables", ByteRate.bitsPerSecond(parameters.bitsPerSecond()));
        transferring = channel == null ? null : channel.waiter("walks");
    }

    /** Reads what a walk or a fetch under way wants next; returns when it is there. */
    long read(long address, long at) {
        reads++;
        if (lineReady.length == 0) {
            return readMemory(at);
        }
        long line = address >>> 6;
        int entry = lines.lookup(line, 0, line);
        if (entry >= 0) {
            return Math.max(at, lineReady[entry]) + parameters.lineLatency();
        }
        long end = readMemory(at);
        lineReady[lines.fill(line, 0, line, 0, 0)] = end;
        return end;
    }

    private long readMemory(long at) {
        long start = slots == null || queueing == null ? at : slots.acquire(queueing, at);
        long sent = channel == null || transferring == null
                ? start
                : channel.transfer(transferring, start, TableMemoryParameters.LINE);
        long end = sent + parameters.latency() + slowness();
        if (slots != null) {
            slots.release(start, end);
        }
        return end;
    }

    private long slowness() {
        TableMemoryParameters.Slow s = parameters.slow();
        if (s.fraction() > 0 && random.nextDouble() < s.fraction()) {
            slow++;
            return s.extra();
        }
        return 0;
    }

    long reads() {
        return reads;
    }

    long slowReads() {
        return slow;
    }

    /** The host's cache of lines. */
    SetAssociativeCache lines() {
        return lines;
    }

    List<Resource> resources() {
        List<Resource> all = new ArrayList<>();
        if (slots != null) {
            all.add(slots);
        }
        if (channel != null) {
            all.add(channel);
        }
        return all;
    }
}
