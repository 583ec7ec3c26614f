// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.capture.TraceRecord;
import org.iommuemu.iommu.RegisterFrame;

/** Puts the commands of a trace into a machine's queue and hands them over, as its driver did. */
interface CommandFeed {
    /** The queue entry of a record, of which it has what was recorded. */
    long[] encode(TraceRecord r);

    /** How many entries a register write hands over. */
    int pending(long offset, long value);

    /** Makes sure that the slot so many places after the next one to be consumed holds an entry. */
    void put(int ahead, long[] entry);

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
