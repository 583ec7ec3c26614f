// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.Deque;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.iommu.RegisterFrame;

/** Puts the commands of a trace into a machine's queue and hands them over, as its driver did. */
interface CommandFeed {
    /** The queue entry of a record, of which it has what was recorded. */
    long[] encode(TraceRecord r);

    /**
     * Puts the entries that a register write is about to hand over into their slots.
     *
     * @param entries what is left of the trace's, in order; those used are taken off
     */
    void handOver(long offset, long value, Deque<long[]> entries);

    /** Whether a register write is to be left out of a replay, as it hands over entries whose records follow. */
    boolean holdsBack(long offset, long value);

    /** Makes the register write of a record, unless it is to be left out. */
    default void write(TraceRecord r, RegisterFrame front) {
        long value = r.detail("value");
        if (!holdsBack(r.iova(), value)) {
            front.writeRegister(r.iova(), (int) r.length(), value);
        }
    }

    /** Has the command of a record consumed, from the slot that it was recorded in. */
    Comparison consume(TraceRecord r);
}
