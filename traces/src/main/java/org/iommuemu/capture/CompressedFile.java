// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/** Opens a file that may be compressed; its name says how: {@code .gz}, {@code .zst}, {@code .xz}, or not at all. */
public final class CompressedFile {
    private static final int BUFFER_BYTES = 1 << 16;
    /** What unpacking xz may take: enough for {@code xz -9}. */
    private static final int MOST_XZ_KIB = 128 << 10;

    private static final List<String> SUFFIXES = List.of(".gz", ".zst", "");

    private CompressedFile() {}

    /**
     * The uncompressed bytes.
     *
     * @throws InputException if the file cannot be opened or does not start as its name says
     */
    public static InputStream open(Path file) {
        if (Files.isDirectory(file)) {
            throw new InputException(file, 0, "is a folder", "a file");
        }
        try {
            return decompressed(file, Files.newInputStream(file));
        } catch (final NoSuchFileException e) {
            throw new InputException(file, 0, "does not exist", "a readable file");
        } catch (final EOFException e) {
            throw new InputException(file, 0, "truncated: ends in the first bytes", "a whole " + formatOf(file));
        } catch (final IOException e) {
            throw new InputException(file, 0, "cannot be read (" + e.getMessage() + ")", "a " + formatOf(file));
        }
    }

    /** The file of a name in a folder, compressed or not, or null if there is none. */
    public static @Nullable Path find(Path folder, String name) {
        for (String suffix : SUFFIXES) {
            final Path file = folder.resolve(name + suffix);
            if (Files.exists(file)) {
                return file;
            }
        }
        return null;
    }

    /** What the name says the file is, for messages. */
    static String formatOf(Path file) {
        final String name = file.toString();
        if (name.endsWith(".xz")) {
            return "xz file";
        }
        return name.endsWith(".gz") ? "gzip file" : name.endsWith(".zst") ? "zstd file" : "text file";
    }

    /** The stream returned closes {@code raw} with itself. */
    private static InputStream decompressed(Path file, InputStream raw) throws IOException {
        final String name = file.toString();
        try {
            if (name.endsWith(".gz")) {
                return new GZIPInputStream(raw, BUFFER_BYTES);
            }
            if (name.endsWith(".xz")) {
                return new XZInputStream(new BufferedInputStream(raw, BUFFER_BYTES), MOST_XZ_KIB);
            }
            return name.endsWith(".zst") ? new ZstdInputStream(raw) : raw;
        } catch (final IOException | RuntimeException e) {
            raw.close();
            throw e;
        }
    }
}
