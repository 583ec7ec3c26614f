// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.util.Map;
import org.iommuemu.trace.TraceKind;

/**
 * What came of an import.
 *
 * @param source what was read
 * @param records written, by kind
 * @param notes what was passed over or changed, and how often; in the order of their text
 */
public record ImportSummary(ImportSource source, Map<TraceKind, Long> records, Map<String, Long> notes) {
    /** All records. */
    public long total() {
        return records.values().stream().mapToLong(Long::longValue).sum();
    }
}
