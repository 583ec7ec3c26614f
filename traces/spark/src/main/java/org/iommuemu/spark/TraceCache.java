// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The traces that an executor has on its own disk, because a replay maps its trace into memory: each is fetched once, by the
 * first task that needs it, while others that need it wait.
 */
final class TraceCache {
    private final Path folder;
    private final HadoopFiles files;
    private final Map<String, Object> locks = new ConcurrentHashMap<>();
    private final Map<String, Path> here = new ConcurrentHashMap<>();

    TraceCache(Path folder, HadoopFiles files) {
        this.folder = folder;
        this.files = files;
    }

    /** A trace as a file of this machine. */
    Path fetch(RemoteTrace trace) throws IOException {
        synchronized (locks.computeIfAbsent(trace.digest(), d -> new Object())) {
            Path file = here.get(trace.digest());
            if (file == null) {
                file = trace.fetch(Files.createDirectories(folder.resolve(trace.digest())), files);
                here.put(trace.digest(), file);
            }
            return file;
        }
    }
}
