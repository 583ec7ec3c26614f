// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.List;

/** What is known to differ, by the ids of docs/qemu-comparison.md: each with what must have been seen for it to be the reason. */
interface Quirks {
    /** A record as it is compared, without fields that are known to differ. */
    FaultRecord comparable(FaultRecord record);

    /** What {@link #kinds} answers where nothing is known. */
    String UNKNOWN = "unknown";

    /** Why the kinds of two records differ that are otherwise the same: an id, nothing if they do not, or {@link #UNKNOWN}. */
    default String kinds(int ours, int theirs) {
        return ours == theirs ? "" : UNKNOWN;
    }

    /**
     * Why the outcome of a DMA differs.
     *
     * @return the id, or nothing if nothing known explains it
     */
    String reason(Op.Dma dma, Program.Seen ours, Program.Seen theirs);

    /** Of the first record, or 0. */
    static int kind(List<FaultRecord> records) {
        return records.isEmpty() ? 0 : records.get(0).kind();
    }
}
