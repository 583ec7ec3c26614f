// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.function.Consumer;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;

/** The host's memory, from one enabling of the controller to its reset: after it nobody hears of transfers that were under way. */
final class HostMemory {
    private final DmaChannel channel;
    private int underWay;
    private boolean closed;
    private Runnable whenIdle = () -> {};

    HostMemory(DmaChannel channel) {
        this.channel = channel;
    }

    /** Reads; tells whether all bytes were read. */
    void read(long address, byte[] into, Consumer<Boolean> done) {
        if (!closed) {
            underWay++;
            channel.read(address, into, Transaction.NO_SUBSTREAM, Access.READ, (status, moved) -> end(status, done));
        }
    }

    /** Writes; tells whether all bytes were sent. */
    void write(long address, byte[] from, Consumer<Boolean> done) {
        if (!closed) {
            underWay++;
            channel.write(address, from, Transaction.NO_SUBSTREAM, Access.WRITE, (status, moved) -> end(status, done));
        }
    }

    private void end(DmaChannel.Status status, Consumer<Boolean> done) {
        underWay--;
        if (!closed) {
            done.accept(status == DmaChannel.Status.OK);
        } else if (underWay == 0) {
            whenIdle.run();
        }
    }

    /** No more transfers begin, nobody hears of those that end. */
    void close() {
        closed = true;
    }

    /** Whether it is closed. */
    boolean isClosed() {
        return closed;
    }

    /** Runs something when the last transfer has ended, after {@link #close}. */
    void whenIdle(Runnable then) {
        if (underWay == 0) {
            then.run();
        } else {
            whenIdle = then;
        }
    }
}
