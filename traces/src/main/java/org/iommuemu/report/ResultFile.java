// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.iommuemu.capture.InputException;

/**
 * Writes a file whole or not at all: into a neighbour first, then moved into place. A symbolic link stays, and what it
 * leads to is written. What exists and is no regular file, such as a pipe or {@code /dev/null}, is written as it comes.
 */
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

    private static final int MOST_LINKS = 40;

    private ResultFile() {}

    /**
     * Makes sure, before long work, that a result can be written.
     *
     * @throws InputException if its folder does not exist or cannot be written
     */
    public static void check(Path file) {
        if (isSpecial(file)) {
            if (!Files.isWritable(file)) {
                throw new InputException(file, 0, "cannot be written", "a file that can");
            }
            return;
        }
        Path target = target(file);
        Path folder = folderOf(target);
        if (!Files.isDirectory(folder)) {
            throw new InputException(
                    folder, 0, "does not exist", "a folder to write " + target.getFileName() + " into");
        }
        if (Files.isDirectory(file) || Files.isSymbolicLink(target) || !Files.isWritable(folder)) {
            throw new InputException(file, 0, "cannot be written", "a file in a writable folder");
        }
    }

    /** Whether two results would end up in one file. */
    public static boolean same(Path a, Path b) {
        return place(a).equals(place(b));
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
        if (isSpecial(file)) {
            writeThrough(file, content);
            return;
        }
        Path target = target(file);
        try {
            // Not a temporary file of the JDK's, which nobody else may read.
            String name =
                    "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".part";
            Path part = folderOf(target).resolve(name);
            Files.deleteIfExists(part);
            Files.createFile(part);
            try {
                content.writeTo(part);
                Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw new InputException(file, 0, "cannot be written", "a file in a writable folder");
        }
    }

    private static void writeThrough(Path file, Content content) {
        try {
            content.writeTo(file);
        } catch (IOException e) {
            throw new InputException(file, 0, "cannot be written (" + e.getMessage() + ")", "a regular file");
        }
    }

    private static boolean isSpecial(Path file) {
        return Files.exists(file) && !Files.isRegularFile(file) && !Files.isDirectory(file);
    }

    /** Where symbolic links lead, whether a file is there or not; a link if they never end. */
    private static Path target(Path file) {
        Path at = file;
        try {
            for (int links = 0; links < MOST_LINKS && Files.isSymbolicLink(at); links++) {
                at = at.resolveSibling(Files.readSymbolicLink(at));
            }
        } catch (IOException e) {
            throw new InputException(file, 0, "cannot be read (" + e.getMessage() + ")", "a link to a file");
        }
        return at;
    }

    private static Path place(Path file) {
        Path target = target(file).toAbsolutePath();
        try {
            return folderOf(target).toRealPath().resolve(target.getFileName());
        } catch (IOException e) {
            return target.normalize();
        }
    }

    private static Path folderOf(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return folder == null ? file.toAbsolutePath() : folder;
    }
}
