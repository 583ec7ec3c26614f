// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * A register access of the driver: a row of {@code probe-mmio.csv}.
 *
 * @param line where in the file
 * @param seq record number
 * @param write whether it was a write
 * @param offset bytes from the register base, a multiple of {@code size}
 * @param size bytes: 1, 2, 4 or 8
 * @param value what was written or read, zero-extended; empty where the recording model did not log it
 * @param register the register's name; may be empty
 * @param note remarks of the recorder; may be empty
 */
public record MmioAccess(
        long line, long seq, boolean write, long offset, int size, OptionalLong value, String register, String note) {
    /** Far beyond any register file. */
    private static final int OFFSET_BITS = 40;

    static List<MmioAccess> read(Path file) {
        try (CsvTable table = CsvTable.open(file)) {
            final int seq = table.column("seq");
            final int access = table.column("rw");
            final int offset = table.column("offset");
            final int size = table.column("size");
            final int value = table.column("value");
            final int register = table.optionalColumn("register");
            final int note = table.optionalColumn("note");
            final CsvRow row = table.row();
            final List<MmioAccess> accesses = new ArrayList<>();
            while (table.next()) {
                final int bytes = (int) row.between(size, 1, 8);
                if (Integer.bitCount(bytes) != 1) {
                    throw row.wrong(size, "1, 2, 4 or 8");
                }
                accesses.add(new MmioAccess(
                        row.line(),
                        row.dec(seq),
                        Fields.oneOf(row, access, "read", "write").equals("write"),
                        row.alignedBelow(offset, OFFSET_BITS, bytes),
                        bytes,
                        row.isEmpty(value) ? OptionalLong.empty() : OptionalLong.of(row.hexBelow(value, 8 * bytes)),
                        row.text(register),
                        row.text(note)));
            }
            return accesses;
        }
    }
}
