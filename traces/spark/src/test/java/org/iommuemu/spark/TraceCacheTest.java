// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.iommuemu.capture.InputException;
import org.iommuemu.sweep.TraceFiles;
import org.iommuemu.sweep.TraceSource;
import org.iommuemu.trace.pattern.TracePattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceCacheTest {
    private static final TracePattern.Parameters PARAMETERS = new TracePattern.Parameters(2, 1000, 5);

    @TempDir
    private Path folder;

    private final HadoopFiles files = new HadoopFiles(new Configuration());
    private Path original;
    private TraceCache cache;

    @BeforeEach
    void makeTrace() {
        original = TraceFiles.generated(
                new TraceSource.Generated("ring", TracePattern.RING, PARAMETERS), folder.resolve("original"));
        cache = new TraceCache(folder.resolve("cache"), files);
    }

    private RemoteTrace.Stored stored() {
        return RemoteTrace.Stored.of(original.toUri().toString(), files);
    }

    @Test
    void shouldFetchATraceOnceForAllTasks() throws Exception {
        RemoteTrace trace = stored();
        ExecutorService tasks = Executors.newFixedThreadPool(8);
        Callable<Path> task = () -> cache.fetch(trace);

        List<Future<Path>> fetched = tasks.invokeAll(Collections.nCopies(32, task));

        Set<Path> places = new HashSet<>();
        for (Future<Path> place : fetched) {
            places.add(place.get());
        }
        tasks.shutdown();
        assertThat(places).hasSize(1);
        assertThat(places.iterator().next()).hasSameBinaryContentAs(original);
        Files.delete(original);
        assertThat(cache.fetch(trace)).isEqualTo(places.iterator().next());
    }

    @Test
    void shouldMakeATraceUpAsTheDriverDid() throws IOException {
        RemoteTrace made = RemoteTrace.Generated.of(
                new TraceSource.Generated("ring", TracePattern.RING, PARAMETERS), folder.resolve("scratch"));

        Path fetched = cache.fetch(made);

        assertThat(fetched).hasSameBinaryContentAs(original);
        assertThat(made.digest()).isEqualTo(stored().digest());
        try (var left = Files.list(folder.resolve("scratch"))) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void shouldRefuseATraceThatHasChangedSinceTheJobBegan() throws IOException {
        RemoteTrace trace = stored();
        byte[] bytes = Files.readAllBytes(original);
        bytes[bytes.length - 1] ^= 1;
        Files.write(original, bytes);

        assertThatThrownBy(() -> cache.fetch(trace))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("has changed since the job began");
        assertThatThrownBy(() -> cache.fetch(trace)).isInstanceOf(InputException.class);
    }
}
