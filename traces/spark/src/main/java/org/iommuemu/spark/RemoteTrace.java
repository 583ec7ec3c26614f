// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.iommuemu.capture.InputException;
import org.iommuemu.sweep.Digest;
import org.iommuemu.sweep.TraceFiles;
import org.iommuemu.sweep.TraceSource;
import org.iommuemu.trace.pattern.TracePattern;

/** What an executor must know to get hold of a trace. */
sealed interface RemoteTrace extends Serializable {
    /** SHA-256 of its bytes as the driver found them, in hexadecimal. */
    String digest();

    /**
     * A binary trace on this machine; makes it, whole or not at all, if it is not there.
     *
     * @param folder for this trace alone
     * @throws InputException if it cannot be read, or is another one by now
     */
    Path fetch(Path folder, HadoopFiles files) throws IOException;

    /**
     * A file that Hadoop can read.
     *
     * @param location with its file system
     * @param digest of its bytes as they are there
     */
    record Stored(String location, String digest) implements RemoteTrace {
        static Stored of(String location, HadoopFiles files) {
            return new Stored(
                    location, files.read(new org.apache.hadoop.fs.Path(location), HadoopFiles.A_TRACE, Digest::of));
        }

        @Override
        public Path fetch(Path folder, HadoopFiles files) throws IOException {
            org.apache.hadoop.fs.Path from = new org.apache.hadoop.fs.Path(location);
            Path file = folder.resolve(from.getName());
            if (!Files.exists(file)) {
                files.copy(from, file);
                if (!digestOf(file).equals(digest)) {
                    Files.delete(file);
                    throw new InputException(location + ": has changed since the job began", "one that stays as it is");
                }
            }
            return TraceFiles.binary(file, digest, folder);
        }
    }

    /**
     * One that is made up, by every executor anew; the same parameters give the same bytes.
     *
     * @param tenants as of {@link TracePattern.Parameters}, like those that follow
     * @param digest of its bytes
     */
    record Generated(
            TracePattern pattern,
            int tenants,
            long records,
            long seed,
            Map<PatternOption, Double> options,
            String digest)
            implements RemoteTrace {
        /** Makes it once, for its digest. */
        static Generated of(TraceSource.Generated made, Path folder) throws IOException {
            Path file = TraceFiles.generated(made, folder);
            String digest = digestOf(file);
            Files.delete(file);
            TracePattern.Parameters p = made.parameters();
            return new Generated(made.pattern(), p.tenants(), p.records(), p.seed(), p.options(), digest);
        }

        @Override
        public Path fetch(Path folder, HadoopFiles files) {
            TracePattern.Parameters parameters = new TracePattern.Parameters(tenants, records, seed, options);
            return TraceFiles.generated(new TraceSource.Generated("", pattern, parameters), folder);
        }
    }

    private static String digestOf(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return Digest.of(in);
        }
    }
}
