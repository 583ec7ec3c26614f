// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;

/** How a trace is written; a file's name says it. */
public enum TraceEncoding {
    /** CSV. */
    CSV(".csv"),
    /** CSV, packed by gzip. */
    CSV_GZ(".csv.gz"),
    /** CSV, packed by zstd. */
    CSV_ZST(".csv.zst"),
    /** Binary: any other name. */
    BINARY("");

    /** A binary trace has room for so many bytes of provenance, in UTF-8. */
    public static final int MOST_PROVENANCE = BinaryLayout.MOST_PROVENANCE;

    private static final int BUFFER_BYTES = 1 << 16;

    private final String suffix;

    TraceEncoding(String suffix) {
        this.suffix = suffix;
    }

    /** The encoding that a file's name stands for. */
    public static TraceEncoding of(Path file) {
        String name = file.toString();
        for (TraceEncoding e : values()) {
            if (name.endsWith(e.suffix)) {
                return e;
            }
        }
        return BINARY;
    }

    /**
     * Opens a trace.
     *
     * @throws org.iommuemu.capture.InputException if it cannot be read, or is damaged at its beginning
     */
    public static TraceReader open(Path file) {
        return of(file) == BINARY ? new BinaryTraceReader(file) : new CsvTraceReader(file);
    }

    /**
     * Begins to write a trace in this encoding, whatever the file's name.
     *
     * @param provenance where it comes from: lines of text; of {@link #BINARY} at most {@link #MOST_PROVENANCE} bytes
     */
    public TraceWriter create(Path file, String provenance) throws IOException {
        return this == BINARY
                ? new BinaryTraceWriter(file, provenance)
                : new CsvTraceWriter(compressed(file), provenance);
    }

    private OutputStream compressed(Path file) throws IOException {
        OutputStream raw = Files.newOutputStream(file);
        return switch (this) {
            case CSV_GZ -> new GZIPOutputStream(raw, BUFFER_BYTES);
            case CSV_ZST -> new ZstdOutputStream(raw);
            default -> raw;
        };
    }
}
