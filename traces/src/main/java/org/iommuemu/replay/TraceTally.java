// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.capture.TraceRecord;

/** How many records of each kind a trace had. */
public final class TraceTally {
    private final long[] byKind = new long[TraceRecord.Kind.values().length];
    private long records;

    void count(TraceRecord.Kind kind) {
        byKind[kind.ordinal()]++;
        records++;
    }

    /** All records. */
    public long records() {
        return records;
    }

    /** Records of one kind. */
    public long of(TraceRecord.Kind kind) {
        return byKind[kind.ordinal()];
    }
}
