// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.capture.CompressedFile;
import org.iommuemu.capture.CsvTable;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceKind;
import org.jspecify.annotations.Nullable;

/**
 * A capture's {@code trace.csv}: what the IOMMU alone has seen. A page is mapped when it is first accessed, to the recorded address,
 * and unmapped when a command invalidates it.
 */
final class CaptureImporter implements Importer {
    private static final long PS_PER_NANOSECOND = 1000;
    private static final long PAGE = 1 << 12;
    private static final int BLOCK_LEVEL = 2;
    /** Of an SMMUv3, which does not tell the direction: what may not be written can be read. */
    private static final String PERMISSION = "F_PERMISSION";

    private final Path file;
    /** The domain that a stream was in when it last accessed anything. */
    private final Map<Integer, Integer> domains = new TreeMap<>();

    private final long granule;

    CaptureImporter(Path file) {
        this.file = file;
        granule = granule(file.toAbsolutePath().getParent());
    }

    /** The smallest page that is mapped at the stop; 4 KiB if that is not recorded. */
    private static long granule(@Nullable Path folder) {
        Path mappings = folder == null ? null : CompressedFile.find(folder, "mappings.csv");
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
        AddressSpaces spaces = new AddressSpaces(sink);
        try (CsvTable table = CsvTable.open(file, "seq", "kind")) {
            TraceRecord r = new TraceRecord(table);
            while (r.next()) {
                take(r, sink, spaces);
            }
        }
    }

    private void take(TraceRecord r, RecordSink sink, AddressSpaces spaces) throws IOException {
        switch (r.kind()) {
            case DMA -> access(r, sink, spaces);
            case FAULT, ABORT -> {
                sink.note("refused accesses; written without an address");
                begin(r, sink, r.writeOnly() || !r.readable() && r.op().contains(PERMISSION));
                sink.put();
            }
            case INVALIDATE -> invalidate(r, sink, spaces);
            case BYPASS -> sink.note("accesses that no tables translate");
            case MMIO_READ, MMIO_WRITE -> sink.note("register accesses");
            case INTERRUPT, FAULT_RECORD, INTERRUPT_MESSAGE -> sink.note("interrupts and fault records");
            case OTHER -> sink.note("rows of kinds that say nothing of accesses");
        }
    }

    private void access(TraceRecord r, RecordSink sink, AddressSpaces spaces) throws IOException {
        domains.put(r.sid(), r.asid());
        long known = spaces.physical(r.sid(), r.iova());
        if (known != r.pa()) {
            if (known >= 0) {
                sink.note("pages that were mapped elsewhere without a command; unmapped first");
                spaces.unmap(time(r), r.sid(), r.iova(), 1);
            }
            map(r, spaces);
        }
        begin(r, sink, !r.readable()).withAddress(r.pa());
        sink.put();
    }

    private void map(TraceRecord r, AddressSpaces spaces) throws IOException {
        long page = pageBytes(r);
        long iova = r.iova() & -page;
        long physical = r.pa() & -page;
        if ((r.iova() & page - 1) != (r.pa() & page - 1) || spaces.touches(r.sid(), iova, page)) {
            page = PAGE;
            iova = r.iova() & -page;
            physical = r.pa() & -page;
        }
        int permissions = (r.readable() ? DmaRecord.READ : 0) | (r.isWritable() ? DmaRecord.WRITE : 0);
        spaces.map(time(r), r.sid(), iova, physical, page, permissions);
    }

    /** What the record tells of the page's size: QEMU's mask of it on VT-d, the range of the entry on an SMMUv3. */
    private long pageBytes(TraceRecord r) {
        if (r.hasDetail("page_mask")) {
            long mask = r.detail("page_mask");
            return Long.bitCount(mask + 1) == 1 && mask >= PAGE - 1 ? mask + 1 : PAGE;
        }
        return r.level() == BLOCK_LEVEL ? granule * (granule / Long.BYTES) : granule;
    }

    private void invalidate(TraceRecord r, RecordSink sink, AddressSpaces spaces) throws IOException {
        String op = r.op();
        if (!op.startsWith("TLBI") && !op.contains("iotlb")) {
            sink.note("commands that invalidate no translations");
            return;
        }
        boolean range = r.length() != 0;
        sink.note(
                range
                        ? "invalidations of a range; what is mapped there is unmapped"
                        : "invalidations of address spaces; mappings stay");
        for (Map.Entry<Integer, Integer> stream : domains.entrySet()) {
            if (r.hasDomain() && stream.getValue() != r.asid()) {
                continue;
            }
            if (range) {
                spaces.unmap(time(r), stream.getKey(), r.iova(), r.length());
            } else {
                sink.begin(time(r), TraceKind.INVALIDATE, stream.getKey(), 0, 0);
                sink.put();
            }
        }
    }

    /** A row is one translation: of a longer transfer the part in its page. */
    private static DmaRecord begin(TraceRecord r, RecordSink sink, boolean write) {
        TraceKind kind = write ? TraceKind.WRITE_DMA : TraceKind.READ_DMA;
        long inPage = PAGE - (r.iova() & PAGE - 1);
        return sink.begin(time(r), kind, r.sid(), r.iova(), Math.min(r.length(), inPage));
    }

    private static long time(TraceRecord r) {
        return r.timestamp() * PS_PER_NANOSECOND;
    }
}
