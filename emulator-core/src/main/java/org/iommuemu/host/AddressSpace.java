// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.build.TableBuilder;

/** Tables that software maps pages in; keeps mappings from overlapping. */
final class AddressSpace {
    /** Attributes of a leaf, out of a driver's permissions. */
    @FunctionalInterface
    interface LeafAttributes {
        long of(int permissions, int height);
    }

    private final TableBuilder tables;
    private final TableFormat format;
    private final int inputBits;
    private final LeafAttributes attributes;

    AddressSpace(TableBuilder tables, TableFormat format, int inputBits, LeafAttributes attributes) {
        this.tables = tables;
        this.format = format;
        this.inputBits = inputBits;
        this.attributes = attributes;
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
        tables.map(iova, physical, height, attributes.of(permissions, height));
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
        if (iova >>> inputBits != 0) {
            throw new IllegalArgumentException(
                    String.format("0x%x is mapped or unmapped, expected addresses below 2^%d", iova, inputBits));
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
