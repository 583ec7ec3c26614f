// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import java.io.IOException;

/** Writes a trace from its first record to its last, in constant memory. */
public interface TraceWriter extends AutoCloseable {
    /**
     * Writes a record; the writer keeps nothing of it.
     *
     * @throws IllegalArgumentException if the record is not well formed
     * @throws IOException if the file cannot be written
     */
    void write(DmaRecord record) throws IOException;

    /** Completes the file. */
    @Override
    void close() throws IOException;
}
