// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.capture.CsvRow;
import org.iommuemu.capture.CsvTable;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/**
 * Writes a capture's observed descriptors into memory, each just before the trace record that first depends on it, so that the
 * tables are at every moment what the recorded walks saw.
 */
final class PageTableFeed implements TableFeed {
    private static final int PHYSICAL_BITS = 52;

    private final @Nullable CsvTable table;
    private final PhysicalMemory memory;
    private final int beforeSeq;
    private final int address;
    private final int descriptor;
    private long nextSeq = Long.MAX_VALUE;
    private long written;

    PageTableFeed(@Nullable CsvTable table, PhysicalMemory memory) {
        this.table = table;
        this.memory = memory;
        if (table == null) {
            beforeSeq = -1;
            address = -1;
            descriptor = -1;
            return;
        }
        beforeSeq = table.column("before_seq");
        address = table.column("address");
        descriptor = table.column("descriptor");
        advance(table);
    }

    @Override
    public void writeBefore(TraceRecord record) {
        long seq = record.seq();
        while (nextSeq <= seq && table != null) {
            CsvRow row = table.row();
            memory.writeLong(row.alignedBelow(address, PHYSICAL_BITS, Long.BYTES), row.hex(descriptor));
            written++;
            advance(table);
        }
    }

    private void advance(CsvTable from) {
        nextSeq = from.next() ? from.row().dec(beforeSeq) : Long.MAX_VALUE;
    }

    @Override
    public long written() {
        return written;
    }

    @Override
    public void close() {
        if (table != null) {
            table.close();
        }
    }
}
