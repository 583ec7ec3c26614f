// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import org.iommuemu.ats.DmaChannel;

/** A device's transfers, from being enabled to being reset: after it nobody hears of those that were under way, only that they ended. */
public final class DmaSession {
    private final DmaChannel channel;
    private int underWay;
    private boolean closed;
    private Runnable whenIdle = () -> {};

    /** A session without transfers. */
    public DmaSession(DmaChannel channel) {
        this.channel = channel;
    }

    /** Reads, as {@link DmaChannel#read} does. */
    public void read(
            long address, byte[] into, int pasid, int access, DmaChannel.Missing missing, DmaChannel.Done done) {
        if (!closed) {
            underWay++;
            channel.read(address, into, pasid, access, missing, (status, moved) -> end(status, moved, done));
        }
    }

    /** Writes, as {@link DmaChannel#write} does. */
    public void write(
            long address, byte[] from, int pasid, int access, DmaChannel.Missing missing, DmaChannel.Done done) {
        if (!closed) {
            underWay++;
            channel.write(address, from, pasid, access, missing, (status, moved) -> end(status, moved, done));
        }
    }

    private void end(DmaChannel.Status status, int moved, DmaChannel.Done done) {
        underWay--;
        if (!closed) {
            done.ended(status, moved);
        } else if (underWay == 0) {
            whenIdle.run();
        }
    }

    /** No more transfers begin, nobody hears of those that end. */
    public void close() {
        closed = true;
    }

    /** Whether it is closed. */
    public boolean isClosed() {
        return closed;
    }

    /** Whether no transfer is under way. */
    public boolean isIdle() {
        return underWay == 0;
    }

    /** Runs something when the last transfer has ended, after {@link #close}. */
    public void whenIdle(Runnable then) {
        if (underWay == 0) {
            then.run();
        } else {
            whenIdle = then;
        }
    }
}
