// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A live leaf entry at a stop: a row of {@code mappings.csv}.
 *
 * @param line where in the file
 * @param sid StreamID or source-id, 32 bits
 * @param pasid -1 for requests without PASID, or where not recorded
 * @param asid ASID, VMID or domain id; -1 where not recorded
 * @param iova input address of the leaf, a multiple of {@code size}
 * @param size bytes, a power of two
 * @param pa output address, a multiple of {@code size}, below 2^52
 * @param level level of the leaf: SMMUv3 0 to 3 from the root, VT-d 5 to 1
 * @param pteAddress physical address of the leaf entry
 * @param pte the leaf entry
 * @param contiguous SMMUv3 contiguous hint
 * @param replayRead what the recording model did with a read when the snapshot was replayed: {@code ok}, {@code fault},
 *     or empty where it was not tried
 * @param replayWrite the same for a write
 * @param oracle {@code qemu} where the recording model itself logged the translation, {@code walk} where only the
 *     recorder's walk says so; empty where not recorded
 */
public record Mapping(
        long line,
        int sid,
        int pasid,
        int asid,
        long iova,
        long size,
        long pa,
        boolean readable,
        boolean writable,
        int level,
        long pteAddress,
        long pte,
        boolean contiguous,
        String replayRead,
        String replayWrite,
        String oracle) {

    static List<Mapping> read(Path file) {
        try (CsvTable table = CsvTable.open(file)) {
            final Columns columns = new Columns(table);
            final CsvRow row = table.row();
            final List<Mapping> mappings = new ArrayList<>();
            while (table.next()) {
                mappings.add(columns.mapping(row));
            }
            return mappings;
        }
    }

    private static final class Columns {
        private final int sid;
        private final int pasid;
        private final int asid;
        private final int iova;
        private final int size;
        private final int pa;
        private final int readable;
        private final int writable;
        private final int level;
        private final int pteAddress;
        private final int pte;
        private final int contiguous;
        private final int replayRead;
        private final int replayWrite;
        private final int oracle;

        Columns(CsvTable table) {
            sid = table.column("sid");
            pasid = table.optionalColumn("pasid");
            asid = table.optionalColumn("asid");
            iova = table.column("iova");
            size = table.column("size");
            pa = table.column("pa");
            readable = table.column("readable");
            writable = table.column("writable");
            level = table.column("level");
            pteAddress = table.column("pte_addr");
            pte = table.column("pte");
            contiguous = table.optionalColumn("contig");
            replayRead = table.optionalColumn("replay_read");
            replayWrite = table.optionalColumn("replay_write");
            oracle = table.optionalColumn("oracle");
        }

        Mapping mapping(CsvRow row) {
            final long bytes = row.dec(size);
            if (Long.bitCount(bytes) != 1) {
                throw row.wrong(size, "a power of two");
            }
            return new Mapping(
                    row.line(),
                    (int) row.hexBelow(sid, 32),
                    Fields.pasid(row, pasid),
                    row.isEmpty(asid) ? -1 : (int) row.between(asid, 0, 0xffff),
                    row.alignedBelow(iova, 64, bytes),
                    bytes,
                    row.alignedBelow(pa, Fields.ADDRESS_BITS, bytes),
                    row.flag(readable),
                    row.flag(writable),
                    (int) row.between(level, 0, 5),
                    row.alignedBelow(pteAddress, Fields.ADDRESS_BITS, 8),
                    row.hex(pte),
                    !row.isEmpty(contiguous) && row.flag(contiguous),
                    Fields.replay(row, replayRead),
                    Fields.replay(row, replayWrite),
                    row.text(oracle));
        }
    }
}
