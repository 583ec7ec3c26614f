// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import org.iommuemu.capture.InputException;

/**
 * Goes through a trace from its first record to its last, in constant memory. Nothing is allocated for a record.
 *
 * <pre>{@code
 * try (TraceReader trace = TraceEncoding.open(file)) {
 *     DmaRecord r = trace.record();
 *     while (trace.next()) {
 *         use(r);
 *     }
 * }
 * }</pre>
 */
public interface TraceReader extends AutoCloseable {
    /**
     * Goes to the next record.
     *
     * @return false at the end
     * @throws InputException if the file is damaged here; it names the file, the record, its place and what was expected
     */
    boolean next();

    /** The current record: always the same object. */
    DmaRecord record();

    /** Number of the current record, from 1; 0 before the first. */
    long number();

    /** Where the trace comes from, as lines of text; may be empty. */
    String provenance();

    /** The exception for a record that cannot be used although it is well formed. */
    InputException wrong(String problem, String expected);

    @Override
    void close();
}
