// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.build.TableBuilder;

/** Tables that software maps pages in; keeps mappings from overlapping. */
final class AddressSpace {
    private final int id;
    private final TableBuilder tables;
    private final TableKind kind;
    private final TableFormat format;

    /**
     * An empty address space.
     *
     * @param id what its translations are tagged with: an ASID, or a domain id
     */
    AddressSpace(int id, TableKind kind, TableBuilder tables) {
        this.id = id;
        this.tables = tables;
        this.kind = kind;
        format = kind.format();
    }

    /** What its translations are tagged with. */
    int id() {
        return id;
    }

    long root() {
        return tables.root();
    }

    /**
     * Maps one page.
     *
     * @return whether a table had to give way, so that more than leaves must be invalidated
     */
    boolean map(long iova, long physical, int pageShift, int permissions) {
        int height = height(iova, pageShift);
        int end = tables.end(iova);
        if (end >= 0) {
            throw new IllegalArgumentException(String.format(
                    "0x%x is mapped already, by a page of 2^%d bytes, expected it unmapped", iova, format.shift(end)));
        }
        boolean table = ~end < height;
        tables.map(iova, physical, height, kind.leaf().of(permissions));
        return table;
    }

    /** Unmaps one page; nothing if it is not mapped. */
    void unmap(long iova, int pageShift) {
        int height = height(iova, pageShift);
        int end = tables.end(iova);
        if (end >= 0 && end != height) {
            throw new IllegalArgumentException(String.format(
                    "0x%x is mapped by a page of 2^%d bytes, expected it unmapped by as many",
                    iova, format.shift(end)));
        }
        if (end == height) {
            tables.unmap(iova, height);
        }
    }

    private int height(long iova, int pageShift) {
        if (iova >>> kind.inputBits() != 0) {
            throw new IllegalArgumentException(
                    String.format("0x%x is mapped or unmapped, expected addresses below 2^%d", iova, kind.inputBits()));
        }
        return height(format, pageShift);
    }

    /** The height of pages of a size. */
    static int height(TableFormat format, int pageShift) {
        for (int h = 0; h < TableFormat.HEIGHTS - 1; h++) {
            if (format.shift(h) == pageShift && hasPages(format, h)) {
                return h;
            }
        }
        throw new IllegalArgumentException("a page has 2^" + pageShift + " bytes, expected one of "
                + IntStream.range(0, TableFormat.HEIGHTS - 1)
                        .filter(h -> hasPages(format, h))
                        .mapToObj(h -> "2^" + format.shift(h))
                        .collect(Collectors.joining(", ")));
    }

    private static boolean hasPages(TableFormat format, int height) {
        return height == 0 || format.hasLeaves(height);
    }
}
