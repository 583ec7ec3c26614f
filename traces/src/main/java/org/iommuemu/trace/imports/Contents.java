// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.iommuemu.capture.CompressedFile;
import org.iommuemu.capture.InputException;
import org.jspecify.annotations.Nullable;

/** Tells a file's format from its first bytes. */
final class Contents {
    private static final int LOOKED_AT = 4096;
    /** The type of its first record, 1 in 32 bits. */
    private static final String HYPERSIO = "\001\000\000\000";

    private Contents() {}

    static @Nullable ImportSource source(Path file) {
        String head;
        try (InputStream in = CompressedFile.open(file)) {
            head = new String(in.readNBytes(LOOKED_AT), StandardCharsets.ISO_8859_1);
        } catch (EOFException e) {
            throw new InputException(file, 0, "truncated: ends in the first bytes", "a whole file");
        } catch (IOException e) {
            throw new InputException(file, 0, "cannot be read (" + e.getMessage() + ")", "a readable file");
        }
        if (head.startsWith(HYPERSIO)) {
            return ImportSource.HYPERSIO;
        }
        if (head.lines().anyMatch(l -> QemuLogImporter.EVENT.matcher(l).matches())) {
            return ImportSource.QEMU_LOG;
        }
        if (head.startsWith("# tracer:") || head.lines().anyMatch(l -> FtraceEvent.of(l) != null)) {
            return ImportSource.FTRACE;
        }
        String first = head.lines().filter(l -> !l.startsWith("#")).findFirst().orElse("");
        if (first.contains("t_us") && first.contains("partner")) {
            return ImportSource.JOINED;
        }
        if (first.contains("seq") && first.contains("timestamp_ns")) {
            return ImportSource.CAPTURE;
        }
        return null;
    }
}
