// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.function.Consumer;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.DmaSession;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;

/** The host's memory as the controller sees it: without PASID, and a transfer has gone well or it has not. */
final class HostMemory {
    private final DmaSession session;

    HostMemory(DmaChannel channel) {
        session = new DmaSession(channel);
    }

    /** Reads; tells whether all bytes were read. */
    void read(long address, byte[] into, Consumer<Boolean> done) {
        session.read(address, into, Transaction.NO_SUBSTREAM, Access.READ, DmaChannel.Missing.REQUEST, telling(done));
    }

    /** Writes; tells whether all bytes were sent. */
    void write(long address, byte[] from, Consumer<Boolean> done) {
        session.write(address, from, Transaction.NO_SUBSTREAM, Access.WRITE, DmaChannel.Missing.REQUEST, telling(done));
    }

    private static DmaChannel.Done telling(Consumer<Boolean> done) {
        return (status, moved) -> done.accept(status == DmaChannel.Status.OK);
    }

    /** No more transfers begin, nobody hears of those that end. */
    void close() {
        session.close();
    }

    boolean isClosed() {
        return session.isClosed();
    }

    /** Runs something when the last transfer has ended, after {@link #close}. */
    void whenIdle(Runnable then) {
        session.whenIdle(then);
    }
}
