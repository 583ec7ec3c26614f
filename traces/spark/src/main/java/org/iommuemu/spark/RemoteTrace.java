// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import org.iommuemu.sweep.Digest;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TracePattern;
import org.iommuemu.trace.TraceWriter;

/** What an executor must know to get hold of a trace. */
sealed interface RemoteTrace extends Serializable {
    /** Name of a file that holds it; its end tells the encoding. */
    String fileName();

    /** Makes a file of it on this machine. */
    void writeTo(Path file, HadoopFiles files) throws IOException;

    /**
     * SHA-256 of its bytes, in hexadecimal.
     *
     * @param scratch a folder for a trace that has to be made up first
     */
    String digest(HadoopFiles files, Path scratch) throws IOException;

    /** A file that Hadoop can read. */
    record Stored(String location) implements RemoteTrace {
        private org.apache.hadoop.fs.Path path() {
            return new org.apache.hadoop.fs.Path(location);
        }

        @Override
        public String fileName() {
            return path().getName();
        }

        @Override
        public void writeTo(Path file, HadoopFiles files) {
            files.copy(path(), file);
        }

        @Override
        public String digest(HadoopFiles files, Path scratch) {
            return files.read(path(), "a readable trace file", Digest::of);
        }
    }

    /** One that is made up, on every executor anew; the same parameters give the same bytes. */
    record Generated(TracePattern pattern, int tenants, long records, long seed) implements RemoteTrace {
        @Override
        public String fileName() {
            return pattern.label() + ".trace";
        }

        @Override
        public void writeTo(Path file, HadoopFiles files) throws IOException {
            TracePattern.Parameters parameters = new TracePattern.Parameters(tenants, records, seed);
            try (TraceWriter out = TraceEncoding.BINARY.create(file, pattern.provenance(parameters))) {
                pattern.write(parameters, out);
            }
        }

        @Override
        public String digest(HadoopFiles files, Path scratch) throws IOException {
            Path file = Files.createTempFile(scratch, "generated", ".trace");
            try {
                writeTo(file, files);
                try (InputStream in = Files.newInputStream(file)) {
                    return Digest.of(in);
                }
            } finally {
                Files.deleteIfExists(file);
            }
        }
    }
}
