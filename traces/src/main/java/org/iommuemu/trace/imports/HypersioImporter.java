// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.iommuemu.capture.CompressedFile;
import org.iommuemu.capture.InputException;
import org.iommuemu.trace.DmaRecord;

/**
 * HyperSIO's trace of I/O virtual addresses, as its {@code TranslateEvent::WriteToFile} writes it on x86-64: records of 48 bytes without a
 * header, little-endian.
 *
 * <pre>
 *   offset  bytes
 *        0      4  type, 1 for a translation
 *        4      2  SID
 *        6      2  DID, by which it numbers tenants
 *        8      8  IOVA
 *       16      8  mask of the page's address: 12, 21 or 30 zeros
 *       24      8  level: 1 of 4 KiB, 2 of 2 MiB, 3 of 1 GiB
 *       32      8  second-level leaf entry: address, bit 0 read, bit 1 write
 *       40      8  number of the next access to the page, for its oracle
 * </pre>
 */
final class HypersioImporter implements Importer {
    static final int RECORD_BYTES = 48;
    static final int TRANSLATION = 1;

    private static final int DID = 6;
    private static final int IOVA = 8;
    private static final int MASK = 16;
    private static final int ENTRY = 32;
    private static final int DID_MASK = 0xFFFF;
    private static final long ADDRESS = (1L << DmaRecord.ADDRESS_BITS) - TouchedPages.PAGE;

    private final Path file;

    HypersioImporter(Path file) {
        this.file = file;
    }

    @Override
    public void run(RecordSink sink) throws IOException {
        TouchedPages pages = new TouchedPages(sink);
        byte[] bytes = new byte[RECORD_BYTES << 10];
        ByteBuffer b = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long number = 0;
        try (InputStream in = CompressedFile.open(file)) {
            for (int filled = read(in, bytes, number); filled != 0; filled = read(in, bytes, number)) {
                for (int at = 0; at < filled; at += RECORD_BYTES) {
                    if (filled - at < RECORD_BYTES) {
                        throw wrong(number, "the file ends here", "whole records of " + RECORD_BYTES + " bytes");
                    }
                    take(b, at, number++, pages);
                }
            }
        }
    }

    private int read(InputStream in, byte[] bytes, long number) {
        try {
            return in.readNBytes(bytes, 0, bytes.length);
        } catch (IOException e) {
            throw wrong(number, "cannot be read on (" + e.getMessage() + ")", "a whole file");
        }
    }

    /** Its times are those of its simulation, which are not in the file. */
    private void take(ByteBuffer b, int at, long number, TouchedPages pages) throws IOException {
        if (b.getInt(at) != TRANSLATION) {
            throw wrong(number, "type is " + b.getInt(at), TRANSLATION + ", a translation");
        }
        long page = -b.getLong(at + MASK);
        long entry = b.getLong(at + ENTRY);
        if (page != 1 << 12 && page != 1 << 21 && page != 1 << 30) {
            throw wrong(number, "mask is 0x" + Long.toHexString(-page), "that of a page of 4 KiB, 2 MiB or 1 GiB");
        }
        int permissions = (int) entry & (DmaRecord.READ | DmaRecord.WRITE);
        if (permissions == 0) {
            throw wrong(
                    number, "leaf entry is 0x" + Long.toHexString(entry), "one that allows reads or writes, bits 1:0");
        }
        long iova = b.getLong(at + IOVA);
        long physical = entry & ADDRESS & -page | iova & page - 1;
        pages.access(
                0,
                b.getShort(at + DID) & DID_MASK,
                b.getShort(at + DID) & DID_MASK,
                iova,
                physical,
                permissions,
                page,
                0);
    }

    private InputException wrong(long number, String problem, String expected) {
        return new InputException(
                file, 0, "record " + (number + 1) + " at byte " + number * RECORD_BYTES + ": " + problem, expected);
    }
}
