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

    /** Checks that all that was refused was told of, once all was taken. */
    void check(long refused) {
        if (lost ? records.size() >= refused : records.size() != refused) {
            throw new Violation(
                    Invariant.NO_RECORD_LOST_UNSEEN,
                    String.format(
                            "%d requests were refused, %d records taken, overflow is %s",
                            refused, records.size(), lost));
        }
    }

    /** All that were taken. */
    List<String> records() {
        return records;
    }
}
