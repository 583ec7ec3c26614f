// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.capture.InputException;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceReader;
import org.iommuemu.trace.TraceWriter;

/**
 * The traces of a sweep as binary files that are there: recorded ones where they are, or converted if they are CSV; those, imported
 * and made-up ones in a folder, by a digest of what they are made from.
 */
public final class TraceFiles {
    private static final String PART = ".part";
    /** Of a file's name. */
    private static final int DIGITS = 16;

    /** Something that fills a trace. */
    private interface Content {
        void writeTo(TraceWriter out) throws IOException;
    }

    private final Map<String, Path> files = new LinkedHashMap<>();
    private final Map<String, String> digests = new LinkedHashMap<>();

    private TraceFiles() {}

    /**
     * Makes sure of recorded traces before long work, and makes nothing.
     *
     * @throws InputException if one is missing, or damaged at its beginning
     */
    public static void check(SweepFile sweep) {
        for (TraceSource trace : sweep.traces()) {
            if (trace instanceof TraceSource.Recorded recorded) {
                try (TraceReader reader = TraceEncoding.open(recorded.beside(sweep.file()))) {
                    reader.provenance();
                }
            } else if (trace instanceof TraceSource.Imported imported) {
                TraceImports.inputs(imported, sweep.file());
            }
        }
    }

    /**
     * Makes what is to be made and is not there yet, and reads all of them once.
     *
     * @param folder for those that are made
     * @throws InputException if a trace cannot be read or written, or one of CSV is damaged
     */
    public static TraceFiles prepare(SweepFile sweep, Path folder) {
        TraceFiles all = new TraceFiles();
        for (TraceSource trace : sweep.traces()) {
            if (trace instanceof TraceSource.Recorded recorded) {
                Path file = recorded.beside(sweep.file());
                String digest = digest(file);
                all.add(trace, binary(file, digest, folder), digest);
            } else if (trace instanceof TraceSource.Generated made) {
                Path file = generated(made, folder);
                all.add(trace, file, digest(file));
            } else if (trace instanceof TraceSource.Imported imported) {
                Path file = imported(imported, sweep.file(), folder);
                all.add(trace, file, digest(file));
            }
        }
        return all;
    }

    private void add(TraceSource trace, Path file, String digest) {
        files.put(trace.name(), file);
        digests.put(trace.name(), digest);
    }

    /**
     * The binary trace to replay instead of a file: itself, or what it is converted to.
     *
     * @param folder for what is converted
     */
    public static Path binary(Path recorded, String digest, Path folder) {
        return TraceEncoding.of(recorded) == TraceEncoding.BINARY ? recorded : converted(recorded, digest, folder);
    }

    private static Path converted(Path csv, String digest, Path folder) {
        Path file = folder.resolve("csv-" + digest.substring(0, DIGITS) + ".trace");
        make(file, "", out -> {
            try (TraceReader in = TraceEncoding.open(csv)) {
                while (in.next()) {
                    out.write(in.record());
                }
            }
        });
        return file;
    }

    /**
     * A made-up trace, which is made if it is not there.
     *
     * @param folder for those that are made up
     */
    public static Path generated(TraceSource.Generated made, Path folder) {
        String provenance = made.pattern().provenance(made.parameters());
        Path file = folder.resolve(
                made.pattern().label() + "-" + Digest.ofText(provenance).substring(0, DIGITS) + ".trace");
        make(file, provenance, out -> made.pattern().write(made.parameters(), out));
        return file;
    }

    private static Path imported(TraceSource.Imported trace, Path sweep, Path folder) {
        Path file = folder.resolve("import-" + TraceImports.digest(trace, sweep).substring(0, DIGITS) + ".trace");
        make(file, TraceImports.provenance(trace, sweep), out -> TraceImports.write(trace, sweep, out));
        return file;
    }

    /** Under a name that nobody reads until it is whole; the same each time, so that an interrupted one is written over. */
    private static void make(Path file, String provenance, Content content) {
        if (Files.exists(file)) {
            return;
        }
        Path part = file.resolveSibling(file.getFileName() + PART);
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.deleteIfExists(part);
            try (TraceWriter out = TraceEncoding.BINARY.create(part, provenance)) {
                content.writeTo(out);
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new InputException(file, 0, "cannot be written (" + e.getMessage() + ")", "room for a trace");
        } finally {
            delete(part);
        }
    }

    /** What is left of one that failed; if it cannot be deleted, the next one writes over it. */
    private static void delete(Path part) {
        part.toFile().delete();
    }

    /** SHA-256 of a file. */
    static String digest(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return Digest.of(in);
        } catch (IOException e) {
            throw new InputException(file, 0, "cannot be read (" + e.getMessage() + ")", "a readable trace file");
        }
    }

    /** SHA-256 of each as it was recorded, imported or made up, by name. */
    public Map<String, String> digests() {
        return new LinkedHashMap<>(digests);
    }

    /** Where a trace is. */
    public Path file(String name) {
        Path file = files.get(name);
        if (file == null) {
            throw new IllegalArgumentException("no trace " + name + " among " + List.copyOf(files.keySet()));
        }
        return file;
    }
}
