// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging.build;

import static org.iommuemu.paging.Aarch64Descriptor.AF;
import static org.iommuemu.paging.Aarch64Descriptor.AP_READ_ONLY;
import static org.iommuemu.paging.Aarch64Descriptor.AP_UNPRIVILEGED;
import static org.iommuemu.paging.Aarch64Descriptor.NG;
import static org.iommuemu.paging.Aarch64Descriptor.SH;
import static org.iommuemu.paging.Aarch64Descriptor.TYPE;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.VtdFirstStage;
import org.iommuemu.paging.VtdSecondStage;

/**
 * Builds tables in memory, VMSAv8-64 unless said otherwise: maps, unmaps, and finds the place of a descriptor for those who want to write a
 * strange one.
 */
public final class TableBuilder {
    /** Attributes of an ordinary stage 1 leaf: read-write for both privileges, accessed, not global, inner shareable. */
    public static final long READ_WRITE = AF.of(1) | SH.of(3) | AP_UNPRIVILEGED.of(1) | NG.of(1);

    /** {@link #READ_WRITE} without write. */
    public static final long READ_ONLY = READ_WRITE | AP_READ_ONLY.of(1);

    /**
     * What makes an entry a page, a block or a table.
     *
     * @param page bits of every leaf of height 0
     * @param block bits of every other leaf
     * @param table bits of every table entry, which restrict nothing
     */
    public record EntryBits(long page, long block, long table) {
        /** VMSAv8-64. */
        public static final EntryBits AARCH64 = new EntryBits(TYPE.of(3), TYPE.of(1), TYPE.of(3));
        /** A first stage of VT-d. */
        public static final EntryBits VTD_FIRST = new EntryBits(
                VtdFirstStage.P.mask(),
                VtdFirstStage.P.mask() | VtdFirstStage.PS.mask(),
                VtdFirstStage.P.mask() | VtdFirstStage.RW.mask() | VtdFirstStage.US.mask());
        /** A second stage of VT-d. */
        public static final EntryBits VTD_SECOND =
                new EntryBits(0, VtdSecondStage.PS.mask(), VtdSecondStage.R.mask() | VtdSecondStage.W.mask());
    }

    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private final TableFormat format;
    private final EntryBits bits;
    private final int inputBits;
    private final long offset;
    private final int startHeight;
    private final long root;

    /**
     * Empty tables.
     *
     * @param format the tables' format
     * @param inputBits translated address bits; addresses of an upper range are given sign-extended or not, as one likes
     */
    public TableBuilder(PhysicalMemory memory, PageAllocator allocator, TableFormat format, int inputBits) {
        this(memory, allocator, format, EntryBits.AARCH64, inputBits, 0);
    }

    /**
     * Empty tables, perhaps of a guest, whose physical addresses are not those of the memory.
     *
     * @param bits what entries of the format are made of
     * @param allocator hands out the guest's physical addresses
     * @param offset what is added to them to reach the memory
     */
    public TableBuilder(
            PhysicalMemory memory,
            PageAllocator allocator,
            TableFormat format,
            EntryBits bits,
            int inputBits,
            long offset) {
        this(memory, allocator, format, bits, inputBits, format.startHeight(inputBits), offset);
    }

    /**
     * Empty tables, of which the first may be as large as several.
     *
     * @param startHeight height of the first
     */
    public TableBuilder(
            PhysicalMemory memory,
            PageAllocator allocator,
            TableFormat format,
            EntryBits bits,
            int inputBits,
            int startHeight,
            long offset) {
        this.bits = bits;
        this.offset = offset;
        this.memory = memory;
        this.allocator = allocator;
        this.format = format;
        this.inputBits = inputBits;
        this.startHeight = startHeight;
        root = allocator.allocate(rootBytes(), rootBytes());
    }

    /** A granule at least: where an address is said in units of these, a smaller one may not begin within one. */
    private long rootBytes() {
        return Math.max(1L << format.granuleShift(), 8L << inputBits - format.shift(startHeight));
    }

    /** Physical address of the first table, a guest's as the guest has it. */
    public long root() {
        return root;
    }

    /** Maps one granule. */
    public TableBuilder map(long address, long physical, long attributes) {
        return map(address, physical, 0, attributes);
    }

    /**
     * Maps a leaf.
     *
     * @param height 0 for a page, more for a block
     * @param attributes descriptor bits other than type and address; bits that the format has for the address are left out,
     *     so that the shareability of {@link #READ_WRITE} does no harm to 52-bit forms
     */
    public TableBuilder map(long address, long physical, int height, long attributes) {
        write(
                descriptorAddress(address, height),
                format.encodeAddress(physical)
                        | attributes & ~format.encodeAddress(-1L)
                        | (height == 0 ? bits.page : bits.block));
        return this;
    }

    /** Makes the leaf of a height invalid. */
    public TableBuilder unmap(long address, int height) {
        write(descriptorAddress(address, height), 0);
        return this;
    }

    /**
     * The height of the descriptor where a walk for an address ends, because it is a leaf or invalid.
     *
     * @return that height, or its bitwise complement if the descriptor is invalid
     */
    public int end(long address) {
        int height = startHeight;
        long descriptor = memory.readLong(root + (index(address, height) << 3) + offset);
        while (format.isPresent(descriptor) && format.isTable(descriptor, height)) {
            height--;
            descriptor = below(descriptor, address, height);
        }
        return format.isPresent(descriptor) ? height : ~height;
    }

    /** Where an address leads to, or −1 if it is not mapped. */
    public long physical(long address) {
        int height = startHeight;
        long descriptor = memory.readLong(root + (index(address, height) << 3) + offset);
        while (format.isPresent(descriptor) && format.isTable(descriptor, height)) {
            height--;
            descriptor = below(descriptor, address, height);
        }
        long within = (1L << format.shift(height)) - 1;
        return format.isPresent(descriptor) ? format.output(descriptor, height) & ~within | address & within : -1;
    }

    private long below(long descriptor, long address, int height) {
        return memory.readLong(format.nextTable(descriptor) + (index(address, height) << 3) + offset);
    }

    private long index(long address, int height) {
        long index = (address & (1L << inputBits) - 1) >>> format.shift(height);
        return height == startHeight ? index : index & (1L << format.strideBits()) - 1;
    }

    private void write(long at, long descriptor) {
        memory.writeLong(at + offset, descriptor);
    }

    /** Where the descriptor of a height for an address is; tables above it are made if they do not exist. */
    public long descriptorAddress(long address, int height) {
        long input = address & (1L << inputBits) - 1;
        long table = root;
        int h = startHeight;
        long index = input >>> format.shift(h);
        while (h > height) {
            long at = table + (index << 3);
            if (memory.readLong(at + offset) == 0) {
                long granule = 1L << format.granuleShift();
                long next = allocator.allocate(granule, granule);
                write(at, format.encodeAddress(next) | bits.table);
            }
            table = format.nextTable(memory.readLong(at + offset));
            h--;
            index = input >>> format.shift(h) & (1L << format.strideBits()) - 1;
        }
        return table + (index << 3);
    }

    /** Gives the memory of all tables back. Nobody may walk them any more, or change them. */
    public void free() {
        free(root, rootBytes(), startHeight);
    }

    private void free(long table, long bytes, int height) {
        long granule = 1L << format.granuleShift();
        for (long at = table; at < table + bytes; at += Long.BYTES) {
            long descriptor = memory.readLong(at + offset);
            if (format.isPresent(descriptor) && format.isTable(descriptor, height)) {
                free(format.nextTable(descriptor), granule, height - 1);
            }
            if (descriptor != 0) {
                write(at, 0);
            }
        }
        allocator.free(table, bytes);
    }
}
