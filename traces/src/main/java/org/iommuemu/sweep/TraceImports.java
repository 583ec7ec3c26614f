// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.iommuemu.capture.InputException;
import org.iommuemu.trace.TraceWriter;
import org.iommuemu.trace.imports.ImportOptions;
import org.iommuemu.trace.imports.ImportSource;

/** What a sweep imports. Messages name the line of the sweep's file, and then what is wrong with what it names. */
final class TraceImports {
    private TraceImports() {}

    /**
     * The files that are read for it.
     *
     * @param sweep the sweep's file
     * @throws InputException if one is missing, or it is nothing that can be imported
     */
    static List<Path> inputs(TraceSource.Imported trace, Path sweep) {
        Path input = trace.beside(sweep);
        try {
            List<Path> files = source(trace, input).inputs(input);
            for (Path file : files) {
                if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
                    throw new InputException(
                            file, 0, Files.exists(file) ? "cannot be read" : "does not exist", "something to import");
                }
            }
            return files;
        } catch (InputException e) {
            throw wrong(trace, sweep, e);
        }
    }

    /** What tells the trace from any other: what is read, and as what. */
    static String digest(TraceSource.Imported trace, Path sweep) {
        StringBuilder all = new StringBuilder();
        for (Path file : inputs(trace, sweep)) {
            all.append(TraceFiles.digest(file))
                    .append(' ')
                    .append(file.getFileName())
                    .append('\n');
        }
        return Digest.ofText(all.append(source(trace, trace.beside(sweep)).label())
                .append(' ')
                .append(trace.stream())
                .toString());
    }

    /** Imports it. */
    static void write(TraceSource.Imported trace, Path sweep, TraceWriter out) throws IOException {
        Path input = trace.beside(sweep);
        try {
            source(trace, input).read(input, new ImportOptions(trace.stream()), out);
        } catch (InputException e) {
            throw wrong(trace, sweep, e);
        }
    }

    /** Written into the trace: nothing of where it is, so that it is the same everywhere. */
    static String provenance(TraceSource.Imported trace, Path sweep) {
        Path input = trace.beside(sweep);
        return "imported from " + source(trace, input).label() + ' ' + input.getFileName();
    }

    private static ImportSource source(TraceSource.Imported trace, Path input) {
        ImportSource from = trace.from();
        return from == null ? ImportSource.of(input) : from;
    }

    private static InputException wrong(TraceSource.Imported trace, Path sweep, InputException e) {
        String[] parts = String.valueOf(e.getMessage()).split("; expected ", 2);
        InputException wrong =
                new InputException(sweep, trace.line(), "cannot import " + parts[0], parts[parts.length - 1]);
        wrong.initCause(e);
        return wrong;
    }
}
