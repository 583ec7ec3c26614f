// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

/** One end of a {@link TlpLink}, to which TLPs come. */
@FunctionalInterface
public interface TlpReceiver {
    /**
     * A TLP is there, now.
     *
     * @param buffer what it takes up until {@link Buffer#drained}
     */
    void receive(Tlp tlp, Buffer buffer);

    /** The receiver's buffer that holds one TLP. */
    @FunctionalInterface
    interface Buffer {
        /** The TLP has been passed on at a time, in ps, now or later: its credits go back. To be said once. */
        void drained(long time);
    }
}
