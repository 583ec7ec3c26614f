// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

/**
 * The current record of a capture's {@code trace.csv}: typed access to the columns of a row. One object for all rows.
 *
 * <p>Records of kinds that this class does not name are {@link Kind#OTHER}.
 */
public final class TraceRecord {
    /** What a record is. */
    public enum Kind {
        /** A translated device access. */
        DMA,
        /** A device access of a stream, or of an IOMMU, that does not translate. */
        BYPASS,
        /** A refused access with a fault record. */
        FAULT,
        /** A refused access without one. */
        ABORT,
        /** A command consumed. */
        INVALIDATE,
        /** A register read by software. */
        MMIO_READ,
        /** A register write by software. */
        MMIO_WRITE,
        /** An interrupt raised. */
        INTERRUPT,
        /** The fault record that the fault before it left in a register. */
        FAULT_RECORD,
        /** A device's interrupt message that interrupt remapping passed on. */
        INTERRUPT_MESSAGE,
        /** Anything else. */
        OTHER
    }

    private static final int PHYSICAL_BITS = 52;
    private static final int MOST_LEVEL = 5;

    private final CsvTable table;
    private final CsvRow row;
    private final int seq;
    private final int timestamp;
    private final int kind;
    private final int op;
    private final int sid;
    private final int asid;
    private final int iova;
    private final int len;
    private final int perm;
    private final int pa;
    private final int level;
    private final int pte;
    private final int detail;
    private Kind current = Kind.OTHER;

    /** The records of a trace, from its start. */
    public TraceRecord(CsvTable table) {
        this.table = table;
        row = table.row();
        seq = table.column("seq");
        timestamp = table.optionalColumn("timestamp_ns");
        kind = table.column("kind");
        op = table.column("op");
        sid = table.column("sid");
        asid = table.column("asid");
        iova = table.column("iova");
        len = table.column("len");
        perm = table.column("perm");
        pa = table.column("pa");
        level = table.optionalColumn("level");
        pte = table.optionalColumn("pte");
        detail = table.column("detail");
    }

    /** Goes to the next record; false at the end. */
    public boolean next() {
        if (!table.next()) {
            return false;
        }
        current = kindOf();
        return true;
    }

    private Kind kindOf() {
        if (row.is(kind, "dma")) {
            return Kind.DMA;
        } else if (row.is(kind, "mmio_read")) {
            return Kind.MMIO_READ;
        } else if (row.is(kind, "mmio_write")) {
            return Kind.MMIO_WRITE;
        } else if (row.is(kind, "inv")) {
            return Kind.INVALIDATE;
        } else if (row.is(kind, "fault")) {
            return Kind.FAULT;
        } else if (row.is(kind, "abort")) {
            return Kind.ABORT;
        } else if (row.is(kind, "bypass")) {
            return Kind.BYPASS;
        } else if (row.is(kind, "irq")) {
            return Kind.INTERRUPT;
        } else if (row.is(kind, "fault_record")) {
            return Kind.FAULT_RECORD;
        } else if (row.is(kind, "ir")) {
            return Kind.INTERRUPT_MESSAGE;
        }
        return Kind.OTHER;
    }

    /** What the record is. */
    public Kind kind() {
        return current;
    }

    /** Record number. */
    public long seq() {
        return row.dec(seq);
    }

    /** When it was recorded, in ns; 0 where the trace has no times. */
    public long timestamp() {
        return row.isEmpty(timestamp) ? 0 : row.dec(timestamp);
    }

    /** Where in the file. */
    public long line() {
        return row.line();
    }

    /** Name of a command, register or fault. */
    public String op() {
        return row.text(op);
    }

    /** StreamID. */
    public int sid() {
        return (int) row.hexBelow(sid, 32);
    }

    /** Whether the record names a stream. */
    public boolean hasSid() {
        return !row.isEmpty(sid);
    }

    /** ASID or VMID; 0 where empty. */
    public int asid() {
        return row.isEmpty(asid) ? 0 : (int) row.between(asid, 0, 0xFFFF);
    }

    /** Whether the record names an ASID, VMID or domain. */
    public boolean hasDomain() {
        return !row.isEmpty(asid);
    }

    /** Input address, or register offset; 0 where empty. */
    public long iova() {
        return row.isEmpty(iova) ? 0 : row.hex(iova);
    }

    /** Bytes; 0 where empty. */
    public long length() {
        return row.isEmpty(len) ? 0 : row.dec(len);
    }

    /** Whether the permission column names reads. */
    public boolean readable() {
        return row.is(perm, "R") || row.is(perm, "RW");
    }

    /** Whether the permission column names writes. */
    public boolean isWritable() {
        return row.is(perm, "W") || row.is(perm, "RW");
    }

    /** Whether the permission column is exactly {@code W}. */
    public boolean writeOnly() {
        return row.is(perm, "W");
    }

    /** The recorded output address. */
    public long pa() {
        return row.hexBelow(pa, PHYSICAL_BITS);
    }

    /** Level of the leaf descriptor that a walk ended at; −1 where there was none. */
    public int level() {
        return row.isEmpty(level) ? -1 : (int) row.between(level, 0, MOST_LEVEL);
    }

    /** Whether the record has a leaf descriptor. */
    public boolean hasDescriptor() {
        return !row.isEmpty(pte);
    }

    /** The leaf descriptor that the recording model used, or read. */
    public long descriptor() {
        return row.hex(pte);
    }

    /** Whether {@code detail} has an item of that name. */
    public boolean hasDetail(String name) {
        return !detailText(name).isEmpty();
    }

    /**
     * A number out of {@code detail}, where items {@code name=number} are separated by {@code ;}.
     *
     * @throws InputException if it is not there, or no number
     */
    public long detail(String name) {
        return number(name, detailText(name));
    }

    private long number(String name, String text) {
        try {
            return text.startsWith("0x") ? Long.parseUnsignedLong(text.substring(2), 16) : Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw row.wrong(detail, "an item " + name + "=<number>");
        }
    }

    /**
     * A number out of {@code detail} where names and numbers follow one another, all separated by {@code _}.
     *
     * @throws InputException if it is not there, or no number
     */
    public long underscoredDetail(String name) {
        String[] items = row.text(detail).split("_");
        for (int i = 0; i + 1 < items.length; i += 2) {
            if (items[i].equals(name)) {
                return number(name, items[i + 1]);
            }
        }
        return number(name, "");
    }

    private String detailText(String name) {
        for (String item : row.text(detail).split(";")) {
            if (item.startsWith(name) && item.length() > name.length() && item.charAt(name.length()) == '=') {
                return item.substring(name.length() + 1);
            }
        }
        return "";
    }

    /** The exception for a record that is not what its reader needs. */
    public InputException wrong(String expected) {
        return row.wrong(op, expected);
    }
}
