// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The bytes of a binary trace, little-endian throughout: a header, then records.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------------------------------------------------------+
 *  |                          Time, ps                             |  0
 *  |                                                               |
 *  +---------------------------------------------------------------+
 *  |                            IOVA                               |  8
 *  |                                                               |
 *  +---------------------------------------------------------------+
 *  |                          Address                              |  16
 *  |                                                               |
 *  +---------------------------------------------------------------+
 *  |                          StreamID                             |  24
 *  +---------------------------------------------------------------+
 *  |                       Length, bytes                           |  28
 *  +---------------------------------------+-----------------+-----+
 *  |                 PASID                 |      Group      |  0  |  32
 *  +---------------+---------------+-------+-------+---------+-----+
 *  |     Kind      |  Attributes   |  Page shift   |     Flags     |  36
 *  +---------------+---------------+---------------+---------------+
 * </pre>
 */
final class BinaryLayout {
    /** "IOMMUTRC". */
    static final long MAGIC =
            ByteBuffer.wrap("CRTUMMOI".getBytes(StandardCharsets.US_ASCII)).getLong();

    static final int VERSION = 1;

    /** Size of the header; the provenance fills what is left of it. */
    static final int HEADER_BYTES = 4096;

    static final int MAGIC_OFFSET = 0;
    static final int VERSION_OFFSET = 8;
    static final int RECORD_BYTES_OFFSET = 12;
    static final int RECORDS_OFFSET = 16;
    static final int PROVENANCE_BYTES_OFFSET = 24;
    static final int ZERO_OFFSET = 28;
    static final int PROVENANCE_OFFSET = 32;
    static final int MOST_PROVENANCE = HEADER_BYTES - PROVENANCE_OFFSET;

    /** Size of a record. */
    static final int RECORD_BYTES = 40;

    private static final int TIME = 0;
    private static final int IOVA = 8;
    private static final int ADDRESS = 16;
    private static final int STREAM = 24;
    private static final int LENGTH = 28;
    private static final int PASID_AND_GROUP = 32;
    private static final int META = 36;

    private static final int PASID_MASK = (1 << DmaRecord.PASID_BITS) - 1;
    private static final int GROUP_SHIFT = DmaRecord.PASID_BITS;
    private static final int GROUP_MASK = (1 << DmaRecord.GROUP_BITS) - 1;
    private static final int PASID_RESERVED = -1 << GROUP_SHIFT + DmaRecord.GROUP_BITS;
    private static final int ATTRIBUTES_SHIFT = 8;
    private static final int PAGE_SHIFT_SHIFT = 16;
    private static final int HAS_PASID = 1 << 24;
    private static final int HAS_ADDRESS = 1 << 25;
    private static final int META_RESERVED = -1 << 26;
    private static final int BYTE = 0xFF;

    private BinaryLayout() {}

    /** Puts a record at an offset. */
    static void put(ByteBuffer b, int at, DmaRecord r) {
        b.putLong(at + TIME, r.time);
        b.putLong(at + IOVA, r.iova);
        b.putLong(at + ADDRESS, r.address);
        b.putInt(at + STREAM, r.stream);
        b.putInt(at + LENGTH, (int) r.length);
        b.putInt(at + PASID_AND_GROUP, (r.pasid < 0 ? 0 : r.pasid) | r.group << GROUP_SHIFT);
        b.putInt(
                at + META,
                r.kind
                        | r.attributes << ATTRIBUTES_SHIFT
                        | r.pageShift << PAGE_SHIFT_SHIFT
                        | (r.pasid < 0 ? 0 : HAS_PASID)
                        | (r.hasAddress ? HAS_ADDRESS : 0));
    }

    /**
     * Takes a record from an offset.
     *
     * @return false if it has a kind or bits that there are not
     */
    static boolean get(ByteBuffer b, int at, DmaRecord r) {
        int pasidAndGroup = b.getInt(at + PASID_AND_GROUP);
        int meta = b.getInt(at + META);
        r.kind = meta & BYTE;
        r.time = b.getLong(at + TIME);
        r.iova = b.getLong(at + IOVA);
        r.address = b.getLong(at + ADDRESS);
        r.stream = b.getInt(at + STREAM);
        r.length = b.getInt(at + LENGTH) & 0xFFFF_FFFFL;
        r.attributes = meta >>> ATTRIBUTES_SHIFT & BYTE;
        r.pageShift = meta >>> PAGE_SHIFT_SHIFT & BYTE;
        r.hasAddress = (meta & HAS_ADDRESS) != 0;
        r.pasid = (meta & HAS_PASID) != 0 ? pasidAndGroup & PASID_MASK : DmaRecord.NO_PASID;
        r.group = pasidAndGroup >>> GROUP_SHIFT & GROUP_MASK;
        boolean stray = (meta & META_RESERVED | pasidAndGroup & PASID_RESERVED) != 0
                || r.pasid < 0 && (pasidAndGroup & PASID_MASK) != 0
                || !r.hasAddress && r.address != 0;
        return !stray && r.kind < TraceKind.count();
    }

    /** What is wrong where {@link #get} has said false. */
    static RecordRules.Flaw flaw(ByteBuffer b, int at, DmaRecord r) {
        if (r.kind >= TraceKind.count()) {
            return new RecordRules.Flaw("kind is " + r.kind, "a number from 0 to " + (TraceKind.count() - 1));
        }
        return new RecordRules.Flaw(
                "bits are set that mean nothing, in "
                        + String.format("0x%08x 0x%08x", b.getInt(at + PASID_AND_GROUP), b.getInt(at + META))
                        + ", or a PASID or address without its flag",
                "zeros there");
    }
}
