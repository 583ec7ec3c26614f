// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;

/**
 * Page tables in memory, as software has them; keeps mappings from overlapping. Caches are nothing that they know of.
 *
 * <p>What cannot be done is said by an {@link IllegalArgumentException}: {@code what is wrong, expected what}.
 */
public final class PageTables {
    private final TableBuilder tables;
    private final TableKind kind;
    private final TableFormat format;

    /**
     * Empty tables.
     *
     * @param offset what is added to addresses of {@code pages} to reach the memory
     */
    PageTables(TableKind kind, PhysicalMemory memory, PageAllocator pages, long offset) {
        this.kind = kind;
        tables = kind.build(memory, pages, offset);
        format = kind.format();
    }

    /** Physical address of the first table, a guest's as the guest has it. */
    public long root() {
        return tables.root();
    }

    /** Width of the addresses that they translate. */
    public int inputBits() {
        return kind.inputBits();
    }

    /** Whether pages can have a size, given as log2 of their bytes. */
    public boolean hasPages(int pageShift) {
        return IntStream.range(0, TableFormat.HEIGHTS - 1)
                .anyMatch(h -> format.shift(h) == pageShift && hasPages(format, h));
    }

    /**
     * Maps one page.
     *
     * @param pageShift log2 of its bytes
     * @param permissions {@link IommuDriver#READ} and so on
     * @return whether a table had to give way, so that more than leaves must be invalidated
     */
    public boolean map(long address, long physical, int pageShift, int permissions) {
        int height = height(address, pageShift);
        int end = tables.end(address);
        if (end >= 0) {
            throw new IllegalArgumentException(String.format(
                    "0x%x is mapped already, by a page of 2^%d bytes, expected it unmapped",
                    address, format.shift(end)));
        }
        boolean table = ~end < height;
        tables.map(address, physical, height, kind.leaf().of(permissions));
        return table;
    }

    /** Unmaps one page; nothing if it is not mapped. */
    public void unmap(long address, int pageShift) {
        int height = height(address, pageShift);
        int end = tables.end(address);
        if (end >= 0 && end != height) {
            throw new IllegalArgumentException(String.format(
                    "0x%x is mapped by a page of 2^%d bytes, expected it unmapped by as many",
                    address, format.shift(end)));
        }
        if (end == height) {
            tables.unmap(address, height);
        }
    }

    /** Gives a page that is mapped other permissions; nothing if it is not mapped. */
    public void protect(long address, int pageShift, int permissions) {
        long physical = physical(address);
        if (physical >= 0) {
            unmap(address, pageShift);
            map(address, physical & -(1L << pageShift), pageShift, permissions);
        }
    }

    /** Physical address of a byte, or −1 if it is not mapped. */
    public long physical(long address) {
        return address >>> kind.inputBits() != 0 ? -1 : tables.physical(address);
    }

    /** Gives the memory of the tables back; nobody may walk them any more. */
    public void free() {
        tables.free();
    }

    private int height(long address, int pageShift) {
        if (address >>> kind.inputBits() != 0) {
            throw new IllegalArgumentException(String.format(
                    "0x%x is mapped or unmapped, expected addresses below 2^%d", address, kind.inputBits()));
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
