// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.io.IOException;

/** Reads one format. */
@FunctionalInterface
interface Importer {
    /**
     * Reads all of it.
     *
     * @throws org.iommuemu.capture.InputException if it cannot be read
     * @throws IOException if the trace cannot be written
     */
    void run(RecordSink sink) throws IOException;
}
