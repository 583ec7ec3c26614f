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

/** The traces of a sweep as files that are there: recorded ones where they are, made-up ones in a folder of their own. */
public final class TraceFiles {
    private static final String PART = ".part";

    private final Map<String, Path> files = new LinkedHashMap<>();
    private final Map<String, String> digests = new LinkedHashMap<>();

    private TraceFiles() {}

    /**
     * Where each trace is or will be.
     *
     * @param beside the sweep's file, to whose folder paths are relative
     * @param folder for those that are made up
     */
    private static Path place(TraceSource trace, Path beside, Path folder) {
        if (trace instanceof TraceSource.Recorded recorded) {
            return beside.resolveSibling(recorded.file());
        }
        TraceSource.Generated made = (TraceSource.Generated) trace;
        String id = Digest.ofText(made.pattern().provenance(made.parameters())).substring(0, 16);
        return folder.resolve(made.pattern().label() + "-" + id + ".trace");
    }

    /**
     * Makes sure of recorded traces before long work, and makes nothing.
     *
     * @throws InputException if one is missing, or damaged at its beginning
     */
    public static void check(SweepFile sweep) {
        for (TraceSource trace : sweep.traces()) {
            if (trace instanceof TraceSource.Recorded) {
                try (TraceReader reader = TraceEncoding.open(place(trace, sweep.file(), sweep.file()))) {
                    reader.provenance();
                }
            }
        }
    }

    /**
     * Makes what is to be made up and is not there yet, and reads all of them once.
     *
     * @param folder for those that are made up
     * @throws InputException if a trace cannot be read or written
     */
    public static TraceFiles prepare(SweepFile sweep, Path folder) {
        TraceFiles all = new TraceFiles();
        for (TraceSource trace : sweep.traces()) {
            Path file = place(trace, sweep.file(), folder);
            try {
                if (trace instanceof TraceSource.Generated made && !Files.exists(file)) {
                    make(made, file);
                }
            } catch (IOException e) {
                throw new InputException(file, 0, "cannot be written (" + e.getMessage() + ")", "room for a trace");
            }
            all.files.put(trace.name(), file);
            all.digests.put(trace.name(), digest(file));
        }
        return all;
    }

    /** Under a name that nobody reads until it is whole; the same each time, so that an interrupted one is written over. */
    private static void make(TraceSource.Generated made, Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        Path part = file.resolveSibling(file.getFileName() + PART);
        Files.deleteIfExists(part);
        try (TraceWriter out = TraceEncoding.BINARY.create(part, made.pattern().provenance(made.parameters()))) {
            made.pattern().write(made.parameters(), out);
        }
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private static String digest(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return Digest.of(in);
        } catch (IOException e) {
            throw new InputException(file, 0, "cannot be read (" + e.getMessage() + ")", "a readable trace file");
        }
    }

    /** SHA-256 of each, by name. */
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
