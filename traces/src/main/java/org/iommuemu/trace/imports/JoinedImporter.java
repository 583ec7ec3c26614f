// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.iommuemu.capture.JoinedRow;
import org.iommuemu.capture.JoinedTrace;
import org.iommuemu.capture.RowOrder;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceKind;

/** {@code joined.csv}: calls and accesses of the record, both with their own addresses. */
final class JoinedImporter implements Importer {
    private static final long PS_PER_MICROSECOND = 1_000_000;

    private final Path file;
    private final Map<Integer, Set<Integer>> streamsOf = new HashMap<>();

    JoinedImporter(Path file) {
        this.file = file;
    }

    @Override
    public void run(RecordSink sink) throws IOException {
        findDomains();
        AddressSpaces spaces = new AddressSpaces(sink);
        try (JoinedTrace trace = JoinedTrace.open(file)) {
            RowOrder rows = new RowOrder(trace);
            for (JoinedRow row = rows.next(); row != null; row = rows.next()) {
                take(row, sink, spaces);
            }
        }
    }

    private void findDomains() {
        try (JoinedTrace trace = JoinedTrace.open(file)) {
            for (JoinedRow row = trace.next(); row != null; row = trace.next()) {
                if (row.domain() != JoinedRow.NONE && row.stream() != JoinedRow.NONE) {
                    streamsOf
                            .computeIfAbsent(row.domain(), d -> new TreeSet<>())
                            .add(row.stream());
                }
            }
        }
    }

    private void take(JoinedRow row, RecordSink sink, AddressSpaces spaces) throws IOException {
        if (row.kind() == JoinedRow.Kind.COMMAND) {
            sink.note("commands: an unmap invalidates by itself");
        } else if (row.kind() == JoinedRow.Kind.DMA) {
            access(row, sink, spaces);
        } else if (streams(row).isEmpty()) {
            sink.note("calls that name neither a device nor a domain");
        } else {
            for (int stream : streams(row)) {
                call(row, stream, sink, spaces);
            }
        }
    }

    private Set<Integer> streams(JoinedRow row) {
        Set<Integer> alone = row.stream() == JoinedRow.NONE ? Set.of() : Set.of(row.stream());
        return streamsOf.getOrDefault(row.domain(), alone);
    }

    private static void call(JoinedRow row, int stream, RecordSink sink, AddressSpaces spaces) throws IOException {
        if (row.kind() == JoinedRow.Kind.MAP) {
            int both = DmaRecord.READ | DmaRecord.WRITE;
            spaces.map(time(row), stream, row.iova(), row.pa(), row.bytes(), both);
        } else if (!spaces.unmap(time(row), stream, row.iova(), row.bytes())) {
            sink.note("unmaps of what is not mapped");
        }
    }

    /** Where nothing is mapped the replay will refuse: no address can be expected then. */
    private static void access(JoinedRow row, RecordSink sink, AddressSpaces spaces) throws IOException {
        boolean mapped = spaces.physical(row.stream(), row.iova()) >= 0;
        DmaRecord record = sink.begin(time(row), TraceKind.READ_DMA, row.stream(), row.iova(), 0);
        if (mapped) {
            record.withAddress(row.pa());
        } else {
            sink.note(
                    row.check().equals(JoinedRow.AFTER_UNMAP)
                            ? "accesses after the unmap of their page; written without an address"
                            : "accesses of pages that no call has mapped; written without an address");
        }
        sink.put();
    }

    private static long time(JoinedRow row) {
        return row.time() * PS_PER_MICROSECOND;
    }
}
