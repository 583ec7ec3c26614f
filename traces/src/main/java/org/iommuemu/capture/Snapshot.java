// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * The state at one stop. Files are read when asked for and at each call again: keep what you got. All methods throw
 * {@link InputException} when a file is wrong.
 *
 * @param name {@code busy} (in the middle of the trace) or {@code idle} (at its end)
 * @param folder where the snapshot's files are
 */
public record Snapshot(String name, Path folder) {
    /** Guest memory: stream or root tables, page tables, queues. */
    public MemoryPages memory() {
        return MemoryPages.read(folder);
    }

    /** The IOMMU's registers. */
    public RegisterValues registers() {
        return RegisterValues.read(folder);
    }

    /** Live leaf entries; none where {@code mappings.csv}, plain or compressed, is absent. */
    public List<Mapping> mappings() {
        final Path file = CompressedFile.find(folder, "mappings.csv");
        return file == null ? List.of() : List.copyOf(Mapping.read(file));
    }

    /** Accesses with another model's answers; none where {@code probes.csv}, plain or compressed, is absent. */
    public List<Probe> probes() {
        final Path file = CompressedFile.find(folder, "probes.csv");
        return file == null ? List.of() : List.copyOf(Probe.read(file));
    }

    /** Contexts of VT-d requesters as the recorder decoded them; none where {@code tables.json} has none. */
    public List<DecodedContext> contexts() {
        return List.copyOf(DecodedContext.read(folder.resolve("tables.json")));
    }

    /** {@code trace_seq_at_stop} of {@code tables.json}: the last trace record before the stop. */
    public OptionalLong traceSeqAtStop() {
        final Path file = folder.resolve("tables.json");
        if (!Files.exists(file)) {
            return OptionalLong.empty();
        }
        final JsonObject json = JsonObject.read(file);
        return json.has("trace_seq_at_stop")
                ? OptionalLong.of(json.number("trace_seq_at_stop", 0, Long.MAX_VALUE))
                : OptionalLong.empty();
    }
}
