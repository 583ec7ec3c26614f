// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.List;
import org.iommuemu.time.Bandwidth;
import org.iommuemu.time.ByteRate;
import org.iommuemu.time.Resource;
import org.iommuemu.time.Waiter;
import org.jspecify.annotations.Nullable;

/** The memory that devices read and write: a rate that all share, and a latency. All times in ps. */
public final class DataMemory {
    private final long latency;
    private final @Nullable ByteRate rate;
    private final @Nullable Bandwidth channel;
    private final @Nullable Waiter reading;
    private final @Nullable Waiter writing;

    /**
     * Idle memory.
     *
     * @param latency from the IOMMU to the data and back to the root complex
     * @param rate of reads and writes together; null for one at which nobody waits
     */
    public DataMemory(long latency, @Nullable ByteRate rate) {
        if (latency < 0) {
            throw new IllegalArgumentException("latency of data must not be negative");
        }
        this.latency = latency;
        this.rate = rate;
        channel = rate == null ? null : new Bandwidth("data memory", rate);
        reading = channel == null ? null : channel.waiter("reads");
        writing = channel == null ? null : channel.waiter("writes");
    }

    /** Moves bytes; returns when memory has taken or given the last of them, {@link #latency} apart. */
    public long move(boolean write, long at, int bytes) {
        Waiter who = write ? writing : reading;
        return channel == null || who == null ? at : channel.transfer(who, at, bytes);
    }

    /** How long bytes take if nobody else moves any, without the latency. */
    public long alone(int bytes) {
        return rate == null ? 0 : rate.timeOf(bytes);
    }

    /** From the IOMMU to the data and back. */
    public long latency() {
        return latency;
    }

    /** Its channel, if that has a rate. */
    public List<Resource> resources() {
        return channel == null ? List.of() : List.of(channel);
    }
}
