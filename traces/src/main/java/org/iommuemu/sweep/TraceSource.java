// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.iommuemu.trace.imports.ImportOptions;
import org.iommuemu.trace.imports.ImportSource;
import org.iommuemu.trace.pattern.TracePattern;
import org.jspecify.annotations.Nullable;

/** Where a sweep has a trace from. */
public sealed interface TraceSource {
    /** In a binary trace; packed text has fewer, to an extent that only reading it tells. */
    int BYTES_OF_A_RECORD = 40;

    /** What results call it; of a plan's traces each has a name of its own. */
    String name();

    /**
     * About how many records it has.
     *
     * @param sweep the sweep's file
     */
    long records(Path sweep);

    /**
     * A file that is there.
     *
     * @param name what results call it
     * @param location as the sweep's file has it, relative to that; a path, or a URI for those that read URIs
     */
    record Recorded(String name, String location) implements TraceSource {
        /** Where it is, seen from the sweep's file. */
        Path beside(Path sweep) {
            return sweep.resolveSibling(location);
        }

        @Override
        public long records(Path sweep) {
            try {
                return Files.size(beside(sweep)) / BYTES_OF_A_RECORD;
            } catch (IOException e) {
                return 0; // Whoever reads it says so.
            }
        }
    }

    /**
     * A trace that is made up when it is needed.
     *
     * @param name what results call it
     * @param pattern of what
     * @param parameters how many of it
     */
    record Generated(String name, TracePattern pattern, TracePattern.Parameters parameters) implements TraceSource {
        @Override
        public long records(Path sweep) {
            return parameters.records();
        }
    }

    /**
     * What others have recorded, which becomes a trace when it is needed.
     *
     * @param name what results call it
     * @param input a file or folder, as the sweep's file has it, relative to that
     * @param from what it is, or null to find out
     * @param stream StreamID of what names no device, or {@link ImportOptions#UNKNOWN}
     * @param line of the sweep's file, for messages
     */
    record Imported(String name, String input, @Nullable ImportSource from, long stream, long line)
            implements TraceSource {
        /** Compressed, of text. */
        private static final int BYTES_OF_A_ROW = 8;

        /** Where it is, seen from the sweep's file. */
        Path beside(Path sweep) {
            return sweep.resolveSibling(input);
        }

        @Override
        public long records(Path sweep) {
            try {
                long bytes = 0;
                for (Path file : TraceImports.inputs(this, sweep)) {
                    bytes += Files.size(file);
                }
                return bytes / BYTES_OF_A_ROW;
            } catch (IOException e) {
                return 0; // Whoever reads it says so.
            }
        }
    }
}
