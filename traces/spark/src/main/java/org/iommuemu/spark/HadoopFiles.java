// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
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

    static final String A_TRACE = "a readable trace file";

    private final Configuration configuration;

    HadoopFiles(Configuration configuration) {
        this.configuration = configuration;
    }

    /**
     * A location as the user gave it, with its file system.
     *
     * @param folder what it is relative to, if it is relative; null for Hadoop's default file system and working folder
     */
    Path path(@Nullable Path folder, String location) {
        try {
            Path path = folder == null ? new Path(location) : new Path(folder, location);
            return path.getFileSystem(configuration).makeQualified(path);
        } catch (IOException | IllegalArgumentException e) {
            throw new InputException(
                    "'" + location + "': " + e.getMessage(), "a path of a file system that Hadoop has");
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

    /** Copies a file to this machine, whole or not at all. */
    void copy(Path file, java.nio.file.Path to) throws IOException {
        java.nio.file.Path part = to.resolveSibling(to.getFileName() + ".part");
        read(file, A_TRACE, in -> Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING));
        Files.move(part, to, StandardCopyOption.ATOMIC_MOVE);
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
