// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.io.IOException;
import java.nio.file.Path;
import org.iommuemu.capture.CompressedFile;
import org.iommuemu.capture.CsvTable;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.trace.DmaRecord;
import org.jspecify.annotations.Nullable;

/**
 * A capture's {@code trace.csv}: what the IOMMU alone has seen. A page is mapped when it is first accessed, to the recorded address,
 * and unmapped when a command invalidates it.
 */
final class CaptureImporter implements Importer {
    private static final long PS_PER_NANOSECOND = 1000;
    private static final long PAGE = TouchedPages.PAGE;
    private static final int BLOCK_LEVEL = 2;
    /** Of an SMMUv3, which does not tell the direction: what may not be written can be read. */
    private static final String PERMISSION = "F_PERMISSION";

    private final Path file;

    private final long granule;

    CaptureImporter(Path file) {
        this.file = file;
        granule = granule(mappings(file));
    }

    /** The list of what is mapped at the stop, beside a trace; {@code null} if there is none. */
    static @Nullable Path mappings(Path trace) {
        Path folder = trace.toAbsolutePath().getParent();
        return folder == null ? null : CompressedFile.find(folder, "mappings.csv");
    }

    /** The smallest page that is mapped at the stop; 4 KiB if that is not recorded. */
    private static long granule(@Nullable Path mappings) {
        if (mappings == null) {
            return PAGE;
        }
        long least = Long.MAX_VALUE;
        try (CsvTable table = CsvTable.open(mappings, "size")) {
            int size = table.column("size");
            while (table.next()) {
                least = Math.min(least, table.row().dec(size));
            }
        }
        return least == 1 << 14 || least == 1 << 16 ? least : PAGE;
    }

    @Override
    public void run(RecordSink sink) throws IOException {
        TouchedPages pages = new TouchedPages(sink);
        try (CsvTable table = CsvTable.open(file, "seq", "kind")) {
            TraceRecord r = new TraceRecord(table);
            while (r.next()) {
                take(r, sink, pages);
            }
        }
    }

    private void take(TraceRecord r, RecordSink sink, TouchedPages pages) throws IOException {
        switch (r.kind()) {
            case DMA -> {
                int permissions = (r.readable() ? DmaRecord.READ : 0) | (r.isWritable() ? DmaRecord.WRITE : 0);
                pages.access(time(r), r.sid(), r.asid(), r.iova(), r.pa(), permissions, pageBytes(r), r.length());
            }
            case FAULT, ABORT -> {
                boolean write = r.writeOnly() || !r.readable() && r.op().contains(PERMISSION);
                pages.refused(time(r), r.sid(), r.iova(), write);
            }
            case INVALIDATE -> {
                String op = r.op();
                if (op.startsWith("TLBI") || op.contains("iotlb")) {
                    int domain = r.hasDomain() ? r.asid() : TouchedPages.EVERY_DOMAIN;
                    pages.invalidate(time(r), domain, r.iova(), r.length());
                } else {
                    sink.note("commands that invalidate no translations");
                }
            }
            case BYPASS -> sink.note("accesses that no tables translate");
            case MMIO_READ, MMIO_WRITE -> sink.note("register accesses");
            case INTERRUPT, FAULT_RECORD, INTERRUPT_MESSAGE -> sink.note("interrupts and fault records");
            case OTHER -> sink.note("rows of kinds that say nothing of accesses");
        }
    }

    /** What the record tells of the page's size: QEMU's mask of it on VT-d, the range of the entry on an SMMUv3. */
    private long pageBytes(TraceRecord r) {
        if (r.hasDetail("page_mask")) {
            long mask = r.detail("page_mask");
            return Long.bitCount(mask + 1) == 1 && mask >= PAGE - 1 ? mask + 1 : PAGE;
        }
        return r.level() == BLOCK_LEVEL ? granule * (granule / Long.BYTES) : granule;
    }

    private static long time(TraceRecord r) {
        return r.timestamp() * PS_PER_NANOSECOND;
    }
}
