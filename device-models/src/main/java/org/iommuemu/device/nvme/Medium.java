// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.List;
import org.iommuemu.time.Bandwidth;
import org.iommuemu.time.Resource;
import org.iommuemu.time.Slots;
import org.iommuemu.time.Waiter;
import org.jspecify.annotations.Nullable;

/** What the medium takes for reads and writes. Pages go to its units as those become free. All times in ps. */
final class Medium {
    private final NvmeParameters parameters;
    private final Slots units;
    private final Waiter reads;
    private final Waiter writes;
    private final @Nullable Bandwidth channel;
    private final @Nullable Waiter transfers;

    Medium(NvmeParameters parameters) {
        this.parameters = parameters;
        units = new Slots("medium", parameters.parallelism());
        reads = units.waiter("reads");
        writes = units.waiter("writes");
        channel = parameters.rate() == null ? null : new Bandwidth("medium channel", parameters.rate());
        transfers = channel == null ? null : channel.waiter("transfers");
    }

    /** When the last of some bytes is read or written, if one begins at a time. */
    long ends(boolean write, long at, int bytes) {
        long latency = write ? parameters.writeLatency() : parameters.readLatency();
        long end = at;
        for (int done = 0; done < bytes; done += parameters.mediumPage()) {
            end = Math.max(end, units.reserve(write ? writes : reads, at, latency) + latency);
        }
        return channel == null || transfers == null ? end : Math.max(end, channel.transfer(transfers, at, bytes));
    }

    /** Its units and channel. */
    List<Resource> resources() {
        return channel == null ? List.of(units) : List.of(units, channel);
    }
}
