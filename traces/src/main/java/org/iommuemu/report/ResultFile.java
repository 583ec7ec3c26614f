// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.iommuemu.capture.InputException;

/** Writes a file whole or not at all: into a neighbour first, then moved into place. */
public final class ResultFile {
    /** Something that is written bit by bit. */
    @FunctionalInterface
    public interface Text {
        /** Writes all of it. */
        void writeTo(Writer out) throws IOException;
    }

    /** Something that fills a file by itself. */
    @FunctionalInterface
    public interface Content {
        /** Writes all of it into a file that exists and is empty. */
        void writeTo(Path part) throws IOException;
    }

    private ResultFile() {}

    /**
     * Makes sure, before long work, that a result can be written.
     *
     * @throws InputException if its folder does not exist or cannot be written
     */
    public static void check(Path file) {
        Path folder = folderOf(file);
        if (!Files.isDirectory(folder)) {
            throw new InputException(folder, 0, "does not exist", "a folder to write " + file.getFileName() + " into");
        }
        if (Files.isDirectory(file) || !Files.isWritable(folder)) {
            throw new InputException(file, 0, "cannot be written", "a file in a writable folder");
        }
    }

    /**
     * Writes text, in UTF-8.
     *
     * @throws InputException if that is impossible; an older file is left as it was
     */
    public static void write(Path file, String text) {
        writeText(file, out -> out.write(text));
    }

    /**
     * Writes text that is too long for memory, in UTF-8.
     *
     * @throws InputException if that is impossible; an older file is left as it was
     */
    public static void writeText(Path file, Text text) {
        write(file, part -> {
            try (Writer out = Files.newBufferedWriter(part)) {
                text.writeTo(out);
            }
        });
    }

    /**
     * Writes what is too long to be held in memory.
     *
     * @throws InputException if that is impossible; an older file is left as it was
     */
    public static void write(Path file, Content content) {
        check(file);
        try {
            // Not a temporary file of the JDK's, which nobody else may read.
            String name =
                    "." + file.getFileName() + "." + ProcessHandle.current().pid() + ".part";
            Path part = folderOf(file).resolve(name);
            Files.deleteIfExists(part);
            Files.createFile(part);
            try {
                content.writeTo(part);
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw new InputException(file, 0, "cannot be written", "a file in a writable folder");
        }
    }

    private static Path folderOf(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return folder == null ? file.toAbsolutePath() : folder;
    }
}
