// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Writes a trace as CSV: the provenance as comments, a header, a line for each record. */
final class CsvTraceWriter implements TraceWriter {
    static final String TIME = "time_ps";
    static final String KIND = "kind";
    static final String STREAM = "stream";
    static final String PASID = "pasid";
    static final String IOVA = "iova";
    static final String LENGTH = "length";
    static final String ATTRIBUTES = "attributes";
    static final String PAGE_SHIFT = "page_shift";
    static final String ADDRESS = "address";
    static final String GROUP = "group";

    private static final int BUFFER_BYTES = 1 << 16;
    private static final int LONGEST_ROW = 256;
    private static final byte[] DIGITS = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private final OutputStream out;
    private final RecordCheck check = new RecordCheck();
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int used;

    CsvTraceWriter(OutputStream out, String provenance) throws IOException {
        this.out = out;
        StringBuilder head = new StringBuilder();
        provenance.lines().forEach(line -> head.append("# ").append(line).append('\n'));
        head.append(String.join(",", TIME, KIND, STREAM, PASID, IOVA, LENGTH, ATTRIBUTES, PAGE_SHIFT, ADDRESS, GROUP))
                .append('\n');
        out.write(head.toString().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void write(DmaRecord r) throws IOException {
        check.check(r);
        if (used > BUFFER_BYTES - LONGEST_ROW) {
            flush();
        }
        decimal(r.time);
        comma();
        text(TraceKind.of(r.kind).label());
        comma();
        hex(Integer.toUnsignedLong(r.stream));
        comma();
        if (r.pasid >= 0) {
            decimal(r.pasid);
        }
        comma();
        hex(r.iova);
        comma();
        decimal(r.length);
        comma();
        for (int i = 0; i < DmaRecord.LETTERS.length(); i++) {
            if ((r.attributes >>> i & 1) != 0) {
                put(DmaRecord.LETTERS.charAt(i));
            }
        }
        comma();
        if (r.pageShift != 0) {
            decimal(r.pageShift);
        }
        comma();
        if (r.hasAddress) {
            hex(r.address);
        }
        comma();
        if (r.group != 0) {
            decimal(r.group);
        }
        put('\n');
    }

    private void put(int character) {
        buffer[used++] = (byte) character;
    }

    private void comma() {
        put(',');
    }

    private void text(String ascii) {
        for (int i = 0; i < ascii.length(); i++) {
            put(ascii.charAt(i));
        }
    }

    private void decimal(long value) {
        int digits = 1;
        for (long rest = value / 10; rest != 0; rest /= 10) {
            digits++;
        }
        long rest = value;
        for (int i = used + digits - 1; i >= used; i--) {
            buffer[i] = DIGITS[(int) (rest % 10)];
            rest /= 10;
        }
        used += digits;
    }

    private void hex(long value) {
        put('0');
        put('x');
        int digits = Math.max(1, (Long.SIZE + 3 - Long.numberOfLeadingZeros(value)) / 4);
        for (int i = digits - 1; i >= 0; i--) {
            put(DIGITS[(int) (value >>> 4 * i) & 0xF]);
        }
    }

    private void flush() throws IOException {
        out.write(buffer, 0, used);
        used = 0;
    }

    @Override
    public void close() throws IOException {
        try (OutputStream closing = out) {
            closing.write(buffer, 0, used);
            used = 0;
        }
    }
}
