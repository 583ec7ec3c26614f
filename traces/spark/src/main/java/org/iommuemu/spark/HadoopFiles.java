// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.iommuemu.capture.InputException;
import org.jspecify.annotations.Nullable;

/** Files wherever Hadoop reads and writes them: {@code file:}, {@code hdfs:}, {@code s3a:} and others. */
final class HadoopFiles {
    /** Something that reads a file. */
    @FunctionalInterface
    interface Reading<T> {
        /** Reads as much as it needs. */
        T from(InputStream in) throws IOException;
    }

    private final Configuration configuration;

    HadoopFiles(Configuration configuration) {
        this.configuration = configuration;
    }

    /** A location as the user gave it, with the default file system and the working folder where it names none. */
    Path path(String location) {
        try {
            Path path = new Path(location);
            return path.getFileSystem(configuration).makeQualified(path);
        } catch (IOException | IllegalArgumentException e) {
            throw new InputException("'" + location + "': " + e.getMessage(), "a path of a file system Hadoop has");
        }
    }

    /**
     * Reads a file.
     *
     * @param expected what it should be, for messages
     */
    <T> T read(Path file, String expected, Reading<T> reading) {
        try {
            FileSystem system = file.getFileSystem(configuration);
            FileStatus status = system.getFileStatus(file);
            if (status.isDirectory()) {
                throw new InputException(file + ": is a folder", expected);
            }
            try (InputStream in = system.open(file)) {
                return reading.from(in);
            }
        } catch (FileNotFoundException e) {
            throw new InputException(file + ": does not exist", expected);
        } catch (IOException | IllegalArgumentException e) {
            throw new InputException(file + ": cannot be read (" + e.getMessage() + ")", expected);
        }
    }

    /** Copies a file to this machine. */
    void copy(Path file, java.nio.file.Path to) {
        read(file, "a readable trace file", in -> Files.copy(in, to));
    }

    /** Makes sure that nothing is written over. */
    void refuseExisting(Path results) {
        try {
            if (results.getFileSystem(configuration).exists(results)) {
                throw new InputException(results + ": is there already", "a folder without results");
            }
        } catch (IOException | IllegalArgumentException e) {
            throw unwritable(results, e);
        }
    }

    /** Makes sure, before long work, that there is a folder to write results into. */
    void makeFolder(Path folder) {
        try {
            if (!folder.getFileSystem(configuration).mkdirs(folder)) {
                throw unwritable(folder, null);
            }
        } catch (IOException | IllegalArgumentException e) {
            throw unwritable(folder, e);
        }
    }

    /** Writes a file whole or not at all: into a neighbour first, then moved into place. */
    void write(Path file, String text) {
        Path part = new Path(file.getParent(), "." + file.getName() + ".part");
        try {
            FileSystem system = file.getFileSystem(configuration);
            // No neighbour with checksums on a local disk.
            system.setWriteChecksum(false);
            try (OutputStream out = system.create(part, true)) {
                out.write(text.getBytes(StandardCharsets.UTF_8));
            }
            if (!system.rename(part, file)) {
                throw unwritable(file, null);
            }
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private static InputException unwritable(Path file, @Nullable Exception e) {
        return new InputException(
                file + ": cannot be written" + (e == null ? "" : " (" + e.getMessage() + ")"), "a writable folder");
    }
}
