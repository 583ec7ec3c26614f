// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.iommuemu.capture.CompressedFile;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.JoinedTrace;
import org.iommuemu.trace.TraceWriter;
import org.jspecify.annotations.Nullable;

/** What a trace can be imported from. */
public enum ImportSource {
    /** A kernel's calls and its IOMMU's trace in one: {@code joined.csv}, or a folder with one. */
    JOINED("joined"),
    /** An IOMMU's trace alone: {@code trace.csv}, or a capture folder with one. */
    CAPTURE("capture"),
    /** A Linux kernel's trace of its {@code iommu} and {@code dma} events, as text. */
    FTRACE("ftrace"),
    /** QEMU's log of the trace events of its SMMUv3 and VT-d models. */
    QEMU_LOG("qemu-log"),
    /** HyperSIO's binary trace of I/O virtual addresses. */
    HYPERSIO("hypersio");

    private static final String TRACE = "trace.csv";

    private final String label;

    ImportSource(String label) {
        this.label = label;
    }

    /** Its name on the command line. */
    public String label() {
        return label;
    }

    /** All names, as a list. */
    public static String labels() {
        return Arrays.stream(values()).map(ImportSource::label).collect(Collectors.joining(", "));
    }

    /**
     * The source of a name.
     *
     * @throws InputException if there is none
     */
    public static ImportSource named(String label) {
        return Arrays.stream(values())
                .filter(s -> s.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new InputException("--from is '" + label + "'", "one of " + labels()));
    }

    /**
     * Finds out what a file or folder is.
     *
     * @throws InputException if it is nothing that is known
     */
    public static ImportSource of(Path input) {
        if (!Files.exists(input)) {
            throw new InputException(input, 0, "does not exist", "something to import: " + labels());
        }
        if (Files.isDirectory(input)) {
            if (CompressedFile.find(input, "joined.csv") != null) {
                return JOINED;
            }
            if (CompressedFile.find(input, TRACE) != null) {
                return CAPTURE;
            }
            throw new InputException(input, 0, "has neither joined.csv nor trace.csv", "a capture folder");
        }
        ImportSource found = Contents.source(input);
        if (found == null) {
            throw new InputException(input, 0, "is of no known kind", "one of " + labels() + ", or --from");
        }
        return found;
    }

    /**
     * The files that an import reads.
     *
     * @throws InputException if a folder has none
     */
    public List<Path> inputs(Path input) {
        return switch (this) {
            case JOINED -> List.of(JoinedTrace.in(input));
            case CAPTURE -> {
                Path trace = trace(input);
                Path mappings = CaptureImporter.mappings(trace);
                yield mappings == null ? List.of(trace) : List.of(trace, mappings);
            }
            case FTRACE, QEMU_LOG, HYPERSIO -> List.of(input);
        };
    }

    /**
     * Imports all of a file or folder.
     *
     * @return what came of it
     * @throws InputException if it is not what it should be
     * @throws IOException if the trace cannot be written
     */
    public ImportSummary read(Path input, ImportOptions options, TraceWriter out) throws IOException {
        RecordSink sink = new RecordSink(out);
        importer(input, options).run(sink);
        return sink.summary(this);
    }

    private Importer importer(Path input, ImportOptions options) {
        return switch (this) {
            case JOINED -> new JoinedImporter(JoinedTrace.in(input));
            case CAPTURE -> new CaptureImporter(trace(input));
            case FTRACE -> new FtraceImporter(input, options);
            case QEMU_LOG -> new QemuLogImporter(input);
            case HYPERSIO -> new HypersioImporter(input);
        };
    }

    private static Path trace(Path input) {
        @Nullable Path file = Files.isDirectory(input) ? CompressedFile.find(input, TRACE) : input;
        if (file == null) {
            throw new InputException(input, 0, "has no " + TRACE, "a capture folder with one, compressed or not");
        }
        return file;
    }
}
