// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.capture.TraceRecord;

/** Writes page tables into memory as a trace goes on. */
interface TableFeed extends AutoCloseable {
    /** Writes what a record depends on. */
    void writeBefore(TraceRecord record);

    /** Descriptors written so far. */
    long written();

    @Override
    void close();
}
