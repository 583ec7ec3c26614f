// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceReader;
import org.iommuemu.trace.TraceWriter;

/** What an import has made: its records, as they are read back from a file, and its summary. */
record Imports(ImportSummary summary, List<DmaRecord> records) {
    static Imports of(Path input, Path temp) throws IOException {
        return of(input, temp, ImportOptions.UNKNOWN);
    }

    static Imports of(Path input, Path temp, long stream) throws IOException {
        Path file = Files.createTempFile(temp, "imported", ".trace");
        ImportSummary summary;
        try (TraceWriter out = TraceEncoding.BINARY.create(file, "")) {
            summary = ImportSource.of(input).read(input, new ImportOptions(stream), out);
        }
        List<DmaRecord> records = new ArrayList<>();
        try (TraceReader trace = TraceEncoding.open(file)) {
            while (trace.next()) {
                records.add(new DmaRecord().copyFrom(trace.record()));
            }
        }
        return new Imports(summary, records);
    }

    /** Imports lines. */
    static Imports of(Path temp, String name, String... lines) throws IOException {
        return of(Files.write(temp.resolve(name), List.of(lines)), temp);
    }

    /** A piece of a real trace. */
    static Path real(String name) {
        try {
            return Path.of(
                    Objects.requireNonNull(Imports.class.getResource(name)).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    long note(String what) {
        return summary.notes().getOrDefault(what, 0L);
    }

    /** Each record as {@code kind stream iova bytes address shift attributes}. */
    List<String> texts() {
        return records.stream().map(Imports::text).toList();
    }

    static String text(DmaRecord r) {
        StringBuilder letters = new StringBuilder();
        for (int i = 0; i < DmaRecord.LETTERS.length(); i++) {
            if (r.has(1 << i)) {
                letters.append(DmaRecord.LETTERS.charAt(i));
            }
        }
        return String.format(
                        "%s 0x%x 0x%x %d %s %s %s",
                        r.kind().label(),
                        r.stream(),
                        r.iova(),
                        r.length(),
                        r.hasAddress() ? "0x" + Long.toHexString(r.address()) : "-",
                        r.pageShift() == 0 ? "-" : String.valueOf(r.pageShift()),
                        letters)
                .strip();
    }
}
