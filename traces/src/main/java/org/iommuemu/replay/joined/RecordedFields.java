// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.nio.file.Path;
import org.iommuemu.capture.CompressedFile;
import org.iommuemu.capture.CsvTable;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.vtd.spec.Descriptor;
import org.jspecify.annotations.Nullable;

/**
 * Fields of recorded commands that a {@code joined.csv} has no columns for, from the {@code trace.csv} beside it. Asked in the order of the
 * file.
 */
final class RecordedFields implements AutoCloseable {
    private static final String TRACE = "trace.csv";

    private final @Nullable CsvTable table;
    private final @Nullable TraceRecord record;
    private boolean more;

    /** Those of a file; none if there is no trace beside it. */
    RecordedFields(Path joined) {
        Path folder = joined.toAbsolutePath().getParent();
        Path trace = folder == null ? null : CompressedFile.find(folder, TRACE);
        table = trace == null ? null : CsvTable.open(trace);
        record = table == null ? null : new TraceRecord(table);
        more = record != null && record.next();
    }

    /** Whether there are any. */
    boolean areThere() {
        return record != null;
    }

    /** The fields of a command, as a machine of ours decodes them; empty if they are not known. */
    String of(long seq, String op) {
        TraceRecord r = record;
        while (r != null && more && r.seq() < seq) {
            more = r.next();
        }
        return r != null && more && r.seq() == seq && r.op().equals(op) ? fields(r) : "";
    }

    private static String fields(TraceRecord r) {
        if (r.hasDetail("lo")) {
            long word0 = r.detail("lo");
            Descriptor descriptor = Descriptor.of(word0);
            return descriptor == null ? "" : DrivenVtd.fields(descriptor, word0, r.detail("hi"));
        }
        if (r.hasDetail("ttl")) {
            return DrivenSmmu.fields(r.detail("vmid"), r.detail("tg"), r.detail("ttl"), r.detail("leaf"));
        }
        return r.hasDetail("start") ? range(r) : "";
    }

    /** A range command names a power of two of streams. */
    private static String range(TraceRecord r) {
        long streams = r.detail("end") - r.detail("start") + 1;
        return "range=" + (Long.numberOfTrailingZeros(streams) - 1);
    }

    @Override
    public void close() {
        if (table != null) {
            table.close();
        }
    }
}
