// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A folder of recorded IOMMU data. Its files are the snapshot at the <em>busy</em> stop and what belongs to the whole
 * run; its sub-folder {@code idle}, where present, is a second snapshot.
 *
 * <p>Opening looks only at which files there are and at the kind of IOMMU; contents are read and checked when asked
 * for.
 * All methods throw {@link InputException} when a file is wrong.
 */
public final class Capture {
    private static final List<String> NEEDED = List.of("memory.bin", "memory.json", "registers.json");

    private final Path folder;
    private final Snapshot busy;
    private final Optional<Snapshot> idle;
    private final boolean smmuV3;

    private Capture(Path folder, Optional<Snapshot> idle) {
        this.folder = folder;
        this.busy = new Snapshot("busy", folder);
        this.idle = idle;
        this.smmuV3 = busy.registers().device().equals(RegisterValues.SMMU_V3);
    }

    /**
     * Opens a folder.
     *
     * @throws InputException if it does not exist or lacks memory or registers
     */
    public static Capture open(Path folder) {
        if (!Files.exists(folder)) {
            throw new InputException(folder, 0, "does not exist", "a capture folder");
        }
        if (!Files.isDirectory(folder)) {
            throw new InputException(folder, 0, "is not a folder", "a capture folder");
        }
        requireFiles(folder);
        final Path idle = folder.resolve("idle");
        if (!Files.isDirectory(idle)) {
            return new Capture(folder, Optional.empty());
        }
        requireFiles(idle);
        return new Capture(folder, Optional.of(new Snapshot("idle", idle)));
    }

    private static void requireFiles(Path folder) {
        for (String name : NEEDED) {
            if (!Files.isRegularFile(folder.resolve(name))) {
                throw new InputException(
                        folder.resolve(name), 0, "does not exist", "a capture with " + String.join(", ", NEEDED));
            }
        }
    }

    /** The folder as it was given. */
    public Path folder() {
        return folder;
    }

    /** The folder's own name. */
    public String name() {
        final Path name = folder.toAbsolutePath().normalize().getFileName();
        return name == null ? folder.toString() : name.toString();
    }

    /** Whether the IOMMU is an SMMUv3; else it is a VT-d unit. */
    public boolean isSmmuV3() {
        return smmuV3;
    }

    /** The snapshot in the middle of the trace. */
    public Snapshot busy() {
        return busy;
    }

    /** The snapshot at the end of the trace. */
    public Optional<Snapshot> idle() {
        return idle;
    }

    /** Whether the run's trace is there. */
    public boolean hasTrace() {
        return CompressedFile.find(folder, "trace.csv") != null;
    }

    /**
     * Everything that went through the IOMMU, in order: {@code trace.csv}, plain or compressed. The caller closes it.
     *
     * @throws InputException if there is none; ask {@link #hasTrace()}
     */
    public CsvTable trace() {
        final Path file = CompressedFile.find(folder, "trace.csv");
        if (file == null) {
            throw new InputException(folder, 0, "has no trace", "trace.csv or trace.csv.gz in it");
        }
        return CsvTable.open(file, "seq", "kind");
    }

    /**
     * The descriptors that walks saw, each before the trace record that first depends on it: {@code ptw-observed.csv},
     * plain or compressed. Written to memory in order, they rebuild the tables of any moment. The caller closes it.
     */
    public Optional<CsvTable> pageTableWrites() {
        final Path file = CompressedFile.find(folder, "ptw-observed.csv");
        return file == null
                ? Optional.empty()
                : Optional.of(CsvTable.open(file, "before_seq", "level", "address", "descriptor"));
    }

    /** The driver's register accesses from reset to the end of device probing. */
    public Optional<List<MmioAccess>> probeMmio() {
        final Path file = folder.resolve("probe-mmio.csv");
        return Files.exists(file) ? Optional.of(List.copyOf(MmioAccess.read(file))) : Optional.empty();
    }

    /**
     * Number of the last trace record before the busy stop: {@code trace_seq_at_stop} of {@code tables.json}.
     *
     * @return the number, or empty where it is not recorded
     */
    public OptionalLong traceSeqAtStop() {
        final Path file = folder.resolve("tables.json");
        if (!Files.exists(file)) {
            return OptionalLong.empty();
        }
        final JsonObject tables = JsonObject.read(file);
        return tables.has("trace_seq_at_stop")
                ? OptionalLong.of(tables.number("trace_seq_at_stop"))
                : OptionalLong.empty();
    }

    /** Capability registers to use in place of the recorded ones; empty where {@code features.json} is absent. */
    public FeatureOverrides features() {
        return FeatureOverrides.read(folder);
    }
}
