// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One access of four bytes and the recording model's answer: a row of {@code probes.csv}.
 *
 * @param line where in the file
 * @param sid StreamID or source-id, 32 bits
 * @param pasid -1 for requests without PASID
 * @param write whether it was a write
 * @param iova the address accessed
 * @param pa the address it reached, below 2^52; -1 if it was refused ({@link #hasPa()})
 * @param leafPermission {@code R}, {@code W}, {@code RW}, or empty where there is no leaf
 * @param fault the model's name for the fault; {@code not_presented_to_iommu}, {@code denied_without_record} and
 *     {@code bypass} are the recorder's; empty if the access was translated
 * @param event raw record as the model wrote it: none, two words (VT-d fault record, low word first) or four (SMMUv3
 *     event, first word first). Not a copy.
 * @param expected what the recorder's own walk says: {@code mapped}, {@code unmapped}, or empty
 */
public record Probe(
        long line,
        int sid,
        int pasid,
        boolean write,
        long iova,
        long pa,
        String leafPermission,
        String fault,
        long[] event,
        String expected) {
    private static final long[] NO_EVENT = {};
    private static final int WORD_DIGITS = 16;

    /** Whether the access reached memory. */
    public boolean hasPa() {
        return pa >= 0;
    }

    static List<Probe> read(Path file) {
        try (CsvTable table = CsvTable.open(file)) {
            final int sid = table.column("sid");
            final int pasid = table.optionalColumn("pasid");
            final int access = table.column("access");
            final int iova = table.column("iova");
            final int pa = table.column("pa");
            final int leafPermission = table.optionalColumn("leaf_perm");
            final int fault = table.column("fault");
            final int event = table.optionalColumn("event");
            final int expected = table.optionalColumn("expected");
            final CsvRow row = table.row();
            final List<Probe> probes = new ArrayList<>();
            while (table.next()) {
                probes.add(new Probe(
                        row.line(),
                        (int) row.hexBelow(sid, 32),
                        Fields.pasid(row, pasid),
                        Fields.oneOf(row, access, "R", "W").equals("W"),
                        row.hex(iova),
                        row.isEmpty(pa) ? -1 : row.hexBelow(pa, Fields.ADDRESS_BITS),
                        row.text(leafPermission),
                        row.text(fault),
                        event(row, event),
                        row.text(expected)));
            }
            return probes;
        }
    }

    private static long[] event(CsvRow row, int column) {
        final String text = row.text(column);
        if (text.isEmpty()) {
            return NO_EVENT;
        }
        final int words = (text.length() + 1) / (WORD_DIGITS + 1);
        if (words != 2 && words != 4 || text.length() != words * (WORD_DIGITS + 1) - 1) {
            throw wrongEvent(row, column);
        }
        final long[] event = new long[words];
        for (int i = 0; i < words; i++) {
            final int from = i * (WORD_DIGITS + 1);
            if (i > 0 && text.charAt(from - 1) != '-') {
                throw wrongEvent(row, column);
            }
            event[i] = word(row, column, text, from);
        }
        return event;
    }

    private static long word(CsvRow row, int column, String text, int from) {
        long word = 0;
        for (int i = 0; i < WORD_DIGITS; i++) {
            final int digit = Character.digit(text.charAt(from + i), 16);
            if (digit < 0) {
                throw wrongEvent(row, column);
            }
            word = word << 4 | digit;
        }
        return word;
    }

    private static InputException wrongEvent(CsvRow row, int column) {
        return row.wrong(column, "two or four words of 16 hexadecimal digits, separated by '-'");
    }
}
