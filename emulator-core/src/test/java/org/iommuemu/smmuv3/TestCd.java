// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;

/**
 * A context descriptor in memory (fact sheet 3.2) with the tables it points to; every setter writes it at once. Starts out as
 * Linux writes it: TTB1 off, record and abort, 48-bit output.
 */
final class TestCd extends TestStructure {
    /** MAIR of a new CD: write-back, non-cacheable, Device-nGnRE, and a few odd ones. */
    static final long MAIR = 0x0C_08_BB_F4_00_04_44_FFL;

    private static final int[] TG0 = {0, 0, 2, 0, 1};
    private static final int[] TG1 = {2, 0, 1, 0, 3};

    private final PageAllocator allocator;
    private TableBuilder lower;
    private TableBuilder upper;

    TestCd(PhysicalMemory memory, PageAllocator allocator, long address, int asid) {
        super(memory, address);
        this.allocator = allocator;
        // V, EPD0 and EPD1 until there are tables, IPS 48 bits, AA64, R, A.
        set(14, 14, 1)
                .set(30, 30, 1)
                .set(31, 31, 1)
                .ips(5)
                .set(41, 41, 1)
                .records(1)
                .aborts(1);
        asid(asid).set(255, 192, MAIR);
    }

    /** Tables for TTB0 of a granule (12, 14 or 16) and input width. */
    TestCd lowerTables(int granuleShift, int inputBits) {
        lower = new TableBuilder(memory(), allocator, Aarch64Stage1.format(granuleShift, false), inputBits);
        return lowerTables(granuleShift, inputBits, lower.root());
    }

    /** TTB0 of given tables. */
    TestCd lowerTables(int granuleShift, int inputBits, long root) {
        set(5, 0, 64L - inputBits).set(7, 6, TG0[granuleShift - 12]).set(14, 14, 0);
        return ttb0(root);
    }

    /** Tables for TTB1. */
    TestCd upperTables(int granuleShift, int inputBits) {
        upper = new TableBuilder(memory(), allocator, Aarch64Stage1.format(granuleShift, false), inputBits);
        set(21, 16, 64L - inputBits).set(23, 22, TG1[granuleShift - 12]).set(30, 30, 0);
        return ttb1(upper.root());
    }

    TestCd ttb0(long root) {
        return set(115, 68, root >>> 4);
    }

    TestCd ttb1(long root) {
        return set(179, 132, root >>> 4);
    }

    /** The tables of an address's half. */
    TableBuilder tables(long address) {
        return (address & 1L << 55) == 0 ? lower : upper;
    }

    /** Maps a page, read-write for both privileges. */
    TestCd map(long address, long physical) {
        return map(address, physical, TableBuilder.READ_WRITE);
    }

    TestCd map(long address, long physical, long attributes) {
        return map(address, physical, 0, attributes);
    }

    TestCd map(long address, long physical, int height, long attributes) {
        tables(address).map(address, physical, height, attributes);
        return this;
    }

    TestCd unmap(long address) {
        tables(address).unmap(address, 0);
        return this;
    }

    /** Writes a descriptor of a height as it is, and returns where. */
    long descriptor(long address, int height, long value) {
        long at = tables(address).descriptorAddress(address, height);
        memory().writeLong(at, value);
        return at;
    }

    TestCd asid(int asid) {
        return set(63, 48, asid);
    }

    TestCd ips(int code) {
        return set(34, 32, code);
    }

    TestCd records(int r) {
        return set(45, 45, r);
    }

    TestCd aborts(int a) {
        return set(46, 46, a);
    }

    /** Any other field. */
    TestCd set(int msb, int lsb, long value) {
        put(msb, lsb, value);
        return this;
    }
}
