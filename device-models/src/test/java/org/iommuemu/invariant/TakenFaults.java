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
     * @param asked Translation Requests, which may have one
     */
    void check(long refused, long asked) {
        boolean missing = records.size() < refused;
        if (missing && !lost || records.size() > refused + asked || lost && !missing && asked == 0) {
            throw new Violation(
                    Invariant.NO_RECORD_LOST_UNSEEN,
                    String.format(
                            "%d requests were refused, %d asked for translations, %d records taken, overflow is %s",
                            refused, asked, records.size(), lost));
        }
    }

    /** All that were taken. */
    List<String> records() {
        return records;
    }
}
