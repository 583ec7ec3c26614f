// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.iommuemu.capture.CsvRow;
import org.iommuemu.capture.CsvTable;
import org.iommuemu.capture.InputException;

/** Reads a trace in CSV. Columns that a trace has no use for may be left out. */
final class CsvTraceReader implements TraceReader {
    private static final long MOST_LENGTH = 0xFFFF_FFFFL;
    private static final int STREAM_BITS = 32;

    private final Path file;
    private final CsvTable table;
    private final CsvRow row;
    private final int time;
    private final int kind;
    private final int stream;
    private final int pasid;
    private final int iova;
    private final int length;
    private final int attributes;
    private final int pageShift;
    private final int address;
    private final int group;
    private final DmaRecord record = new DmaRecord();
    private long number;
    private long latest;

    CsvTraceReader(Path file) {
        this.file = file;
        table = CsvTable.open(
                file, CsvTraceWriter.TIME, CsvTraceWriter.KIND, CsvTraceWriter.STREAM, CsvTraceWriter.IOVA);
        row = table.row();
        time = table.column(CsvTraceWriter.TIME);
        kind = table.column(CsvTraceWriter.KIND);
        stream = table.column(CsvTraceWriter.STREAM);
        iova = table.column(CsvTraceWriter.IOVA);
        pasid = table.optionalColumn(CsvTraceWriter.PASID);
        length = table.optionalColumn(CsvTraceWriter.LENGTH);
        attributes = table.optionalColumn(CsvTraceWriter.ATTRIBUTES);
        pageShift = table.optionalColumn(CsvTraceWriter.PAGE_SHIFT);
        address = table.optionalColumn(CsvTraceWriter.ADDRESS);
        group = table.optionalColumn(CsvTraceWriter.GROUP);
    }

    @Override
    public boolean next() {
        if (!table.next()) {
            return false;
        }
        number++;
        DmaRecord r = record;
        r.kind = kindCode();
        r.time = row.dec(time);
        r.stream = (int) row.between(stream, 0, (1L << STREAM_BITS) - 1);
        r.pasid =
                row.isEmpty(pasid) ? DmaRecord.NO_PASID : (int) row.between(pasid, 0, (1 << DmaRecord.PASID_BITS) - 1);
        r.iova = row.number(iova);
        r.length = row.isEmpty(length) ? 0 : row.between(length, 0, MOST_LENGTH);
        r.attributes = letters();
        r.pageShift = row.isEmpty(pageShift) ? 0 : (int) row.between(pageShift, 0, DmaRecord.MOST_SHIFT);
        r.hasAddress = !row.isEmpty(address);
        r.address = r.hasAddress ? row.number(address) : 0;
        r.group = row.isEmpty(group) ? 0 : (int) row.between(group, 0, (1 << DmaRecord.GROUP_BITS) - 1);
        RecordRules.Flaw flaw = RecordRules.flaw(r, latest);
        if (flaw != null) {
            throw wrong(flaw.problem(), flaw.expected());
        }
        latest = r.time;
        return true;
    }

    private int kindCode() {
        for (int code = 0; code < TraceKind.count(); code++) {
            if (row.is(kind, TraceKind.of(code).label())) {
                return code;
            }
        }
        throw row.wrong(
                kind,
                "one of "
                        + Arrays.stream(TraceKind.values())
                                .map(TraceKind::label)
                                .collect(Collectors.joining(", ")));
    }

    private int letters() {
        int bits = 0;
        int length = row.length(attributes);
        for (int i = 0; i < length; i++) {
            int letter = DmaRecord.LETTERS.indexOf(row.charAt(attributes, i));
            if (letter < 0 || (bits >>> letter & 1) != 0) {
                throw row.wrong(attributes, "letters of '" + DmaRecord.LETTERS + "', each once");
            }
            bits |= 1 << letter;
        }
        return bits;
    }

    @Override
    public DmaRecord record() {
        return record;
    }

    @Override
    public long number() {
        return number;
    }

    @Override
    public String provenance() {
        return table.comments().stream().map(line -> line.substring(1).strip()).collect(Collectors.joining("\n"));
    }

    @Override
    public InputException wrong(String problem, String expected) {
        return new InputException(file, row.line(), "record " + number + ": " + problem, expected);
    }

    @Override
    public void close() {
        table.close();
    }
}
