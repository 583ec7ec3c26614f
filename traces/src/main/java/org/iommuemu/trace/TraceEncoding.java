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
    /** Binary, packed by zstd. */
    BINARY_ZST(".zst"),
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

    /** Whether a trace is a header and records of fixed size, packed or not. */
    public boolean isBinary() {
        return this == BINARY || this == BINARY_ZST;
    }

    /**
     * Opens a trace.
     *
     * @throws org.iommuemu.capture.InputException if it cannot be read, or is damaged at its beginning
     */
    public static TraceReader open(Path file) {
        return switch (of(file)) {
            case CSV, CSV_GZ, CSV_ZST -> new CsvTraceReader(file);
            case BINARY_ZST -> new PackedTraceReader(file);
            case BINARY -> new BinaryTraceReader(file);
        };
    }

    /**
     * Begins to write a trace in this encoding, whatever the file's name.
     *
     * @param provenance where it comes from: lines of text; at most {@link #MOST_PROVENANCE} bytes if the encoding {@link #isBinary}
     */
    public TraceWriter create(Path file, String provenance) throws IOException {
        return switch (this) {
            case CSV, CSV_GZ, CSV_ZST -> new CsvTraceWriter(compressed(file), provenance);
            case BINARY_ZST -> new PackedTraceWriter(file, provenance);
            case BINARY -> new BinaryTraceWriter(file, provenance);
        };
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
