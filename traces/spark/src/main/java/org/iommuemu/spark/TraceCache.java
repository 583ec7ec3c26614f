// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.iommuemu.capture.InputException;
import org.iommuemu.sweep.Digest;

/**
 * The traces that an executor has on its own disk, because a replay maps its trace into memory: each is fetched once, by the
 * first task that needs it, while others that need it wait.
 */
final class TraceCache {
    private final Path folder;
    private final HadoopFiles files;
    private final Map<String, Object> locks = new ConcurrentHashMap<>();

    TraceCache(Path folder, HadoopFiles files) {
        this.folder = folder;
        this.files = files;
    }

    /**
     * A trace as a file of this machine.
     *
     * @param digest SHA-256 that the driver found when it planned
     * @throws InputException if it is another trace by now
     */
    Path fetch(String digest, RemoteTrace trace) throws IOException {
        synchronized (locks.computeIfAbsent(digest, d -> new Object())) {
            Path place = folder.resolve(digest);
            Path file = place.resolve(trace.fileName());
            if (!Files.exists(file)) {
                Files.createDirectories(place);
                Path part = place.resolve(trace.fileName() + ".part");
                Files.deleteIfExists(part);
                trace.writeTo(part, files);
                check(digest, part, trace);
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            }
            return file;
        }
    }

    private static void check(String digest, Path part, RemoteTrace trace) throws IOException {
        try (InputStream in = Files.newInputStream(part)) {
            if (!Digest.of(in).equals(digest)) {
                throw new InputException(trace + ": changed since the sweep began", "one that stays as it is");
            }
        }
    }
}
