// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * {@code joined.csv}: the map and unmap calls of a kernel, the commands that its IOMMU consumed and the accesses that it translated, in one
 * order. Read row by row; rows must be in the order of time, but for some that are put where they belong.
 */
public final class JoinedTrace implements AutoCloseable {
    private static final String NAME = "joined.csv";
    private static final String[] COLUMNS = {"t_us", "kind", "op", "sid", "asid", "iova", "size", "pa", "ref", "partner"
    };
    private static final Pattern PCI_NAME =
            Pattern.compile("[0-9a-f]{4}:([0-9a-f]{2}):([01][0-9a-f])\\.([0-7])", Pattern.CASE_INSENSITIVE);
    private static final int PAGE = 1 << 12;
    private static final int PHYSICAL_BITS = 52;
    private static final int STREAM_BITS = 32;
    private static final int MOST_DOMAIN = 0xFFFF;
    private static final int MOST_CPU = 0xFFFF;
    private static final long MOST_BYTES = 1L << 48;
    /** Of a call, which is done page by page. */
    private static final long MOST_MAPPED = 1L << 36;
    /** A call that is put before its command may be later by its own clock: in µs. */
    private static final long MOST_BACK = 100_000;

    private final CsvTable table;
    private final CsvRow row;
    private final int time;
    private final int kind;
    private final int op;
    private final int sid;
    private final int device;
    private final int asid;
    private final int iova;
    private final int size;
    private final int pa;
    private final int ref;
    private final int partner;
    private final int check;
    private final int cpu;
    private long latest;

    private JoinedTrace(CsvTable table) {
        this.table = table;
        row = table.row();
        time = table.column("t_us");
        kind = table.column("kind");
        op = table.column("op");
        sid = table.column("sid");
        device = table.optionalColumn("device");
        asid = table.column("asid");
        iova = table.column("iova");
        size = table.column("size");
        pa = table.column("pa");
        ref = table.column("ref");
        partner = table.column("partner");
        check = table.optionalColumn("check");
        cpu = table.optionalColumn("cpu");
    }

    /** Whether a file has the name of such a one, or a folder has one and nothing else that could be replayed. */
    public static boolean isAlone(Path path) {
        return Files.isDirectory(path)
                ? CompressedFile.find(path, NAME) != null && !Files.exists(path.resolve("memory.bin"))
                : Files.exists(path) && String.valueOf(path.getFileName()).startsWith(NAME);
    }

    /**
     * The file in a folder, or what is no folder itself.
     *
     * @throws InputException if a folder has none
     */
    public static Path in(Path folder) {
        if (!Files.isDirectory(folder)) {
            return folder;
        }
        Path file = CompressedFile.find(folder, NAME);
        if (file == null) {
            throw new InputException(folder, 0, "has no " + NAME, "a folder with one, compressed or not");
        }
        return file;
    }

    /**
     * Opens a file, {@code .gz} or {@code .zst} or neither.
     *
     * @throws InputException if it cannot be read, or lacks a column
     */
    public static JoinedTrace open(Path file) {
        return new JoinedTrace(CsvTable.open(file, COLUMNS));
    }

    /**
     * The next row, or null at the end.
     *
     * @throws InputException if it is not what it should be
     */
    public @Nullable JoinedRow next() {
        if (!table.next()) {
            return null;
        }
        long at = row.dec(time);
        if (at < latest - MOST_BACK) {
            throw row.wrong(time, "at least " + (latest - MOST_BACK) + ", 100 ms before the latest one");
        }
        latest = Math.max(latest, at);
        JoinedRow.Kind what = kind();
        boolean access = what == JoinedRow.Kind.DMA;
        boolean call = what == JoinedRow.Kind.MAP || what == JoinedRow.Kind.UNMAP;
        return new JoinedRow(
                what,
                row.line(),
                at,
                ref(call ? 'f' : 'q'),
                what == JoinedRow.Kind.COMMAND ? name() : "",
                stream(access),
                row.text(device),
                row.isEmpty(asid) ? JoinedRow.NONE : (int) row.between(asid, 0, MOST_DOMAIN),
                address(call, access),
                bytes(call, access),
                access || what == JoinedRow.Kind.MAP ? row.alignedBelow(pa, PHYSICAL_BITS, call ? PAGE : 1) : 0,
                Partners.read(row, partner),
                row.text(check),
                row.isEmpty(cpu) ? 0 : (int) row.between(cpu, 0, MOST_CPU));
    }

    private JoinedRow.Kind kind() {
        if (row.is(kind, "dma")) {
            return JoinedRow.Kind.DMA;
        } else if (row.is(kind, "map")) {
            return JoinedRow.Kind.MAP;
        } else if (row.is(kind, "unmap")) {
            return JoinedRow.Kind.UNMAP;
        } else if (row.is(kind, "inv")) {
            return JoinedRow.Kind.COMMAND;
        }
        throw row.wrong(kind, "map, unmap, inv or dma");
    }

    private String name() {
        if (row.isEmpty(op)) {
            throw row.wrong(op, "the name of a command");
        }
        return row.text(op);
    }

    private long ref(char letter) {
        if (row.isEmpty(ref)) {
            return -1;
        }
        Partners own = Partners.read(row, ref);
        if (own.count() != 1 || own.areCalls() != (letter == 'f')) {
            throw row.wrong(ref, letter + "<number>");
        }
        return own.get(0);
    }

    /** Of calls, the PCI name tells it too. */
    private int stream(boolean needed) {
        if (needed || !row.isEmpty(sid)) {
            return (int) row.hexBelow(sid, STREAM_BITS);
        }
        if (row.isEmpty(device)) {
            return JoinedRow.NONE;
        }
        Matcher name = PCI_NAME.matcher(row.text(device));
        if (!name.matches()) {
            throw row.wrong(device, "a PCI name such as 0000:00:02.0");
        }
        return Integer.parseInt(name.group(1), 16) << 8
                | Integer.parseInt(name.group(2), 16) << 3
                | Integer.parseInt(name.group(3), 16);
    }

    private long address(boolean call, boolean access) {
        if (!call && !access && row.isEmpty(iova)) {
            return 0;
        }
        return row.alignedBelow(iova, Long.SIZE, access ? 1 : PAGE);
    }

    /** A range of a command is of whole pages too. */
    private long bytes(boolean call, boolean access) {
        if (access || !call && row.isEmpty(size)) {
            return 0;
        }
        long bytes = row.between(size, PAGE, call ? MOST_MAPPED : MOST_BYTES);
        if (bytes % PAGE != 0) {
            throw row.wrong(size, "a multiple of " + PAGE);
        }
        return bytes;
    }

    @Override
    public void close() {
        table.close();
    }
}
