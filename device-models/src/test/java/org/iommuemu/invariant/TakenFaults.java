// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.DmaFault;
import org.iommuemu.host.FaultListener;

/** Fault records that software has taken: one for each refused request, unless the IOMMU says that some are lost. */
final class TakenFaults implements FaultListener {
    private final List<String> records = new ArrayList<>();
    private boolean lost;

    @Override
    public void refused(DmaFault fault) {
        records.add(fault.toString());
    }

    @Override
    public void overflowed() {
        lost = true;
    }

    /**
     * Checks that all that was refused was told of, once all was taken.
     *
     * @param refused requests to memory that were refused, each of which has a record
     * @param silently how many of these may have none
     * @param more what may have a record beside them
     */
    void check(long refused, long silently, long more) {
        boolean missing = records.size() < refused - silently;
        boolean needless = records.size() >= refused && more == 0;
        if (missing && !lost || records.size() > refused + more || lost && needless) {
            throw new Violation(
                    Invariant.NO_RECORD_LOST_UNSEEN,
                    String.format(
                            "%d requests were refused, %d maybe silently, up to %d others, %d records taken, overflow is %s",
                            refused, silently, more, records.size(), lost));
        }
    }

    /** Whether software was told that some are lost. */
    boolean isLost() {
        return lost;
    }

    /** All that were taken. */
    List<String> records() {
        return records;
    }
}
