// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

/**
 * How the descriptors of one kind of page table are laid out: data only, so that one walker serves every architecture
 * without a virtual call for each descriptor.
 *
 * <p>A descriptor of height {@code h} resolves the address bits from {@link #shift(int) shift(h)} up. It is invalid if none of
 * the bits that make one present is set. Else, at each height, it is a table if {@code (d & tableMask) == tableValue}, else a
 * leaf if {@code (d & leafMask) == leafValue}, else invalid as well.
 */
public final class TableFormat {
    /** More heights than any supported format has. */
    public static final int HEIGHTS = 5;

    private static final long NEVER = -1L;

    private final String name;
    private final int granuleShift;
    private final int strideBits;
    private final int granuleCode;
    private final int lastLevel;
    private final boolean levelsCountUp;
    private final long[] tableMask = new long[HEIGHTS];
    private final long[] tableValue = new long[HEIGHTS];
    private final long[] leafMask = new long[HEIGHTS];
    private final long[] leafValue = new long[HEIGHTS];
    private final long[] tableReserved = new long[HEIGHTS];
    private final long[] leafReserved = new long[HEIGHTS];
    private final int[] contiguousBits = new int[HEIGHTS];
    private final long presentMask;
    private final long addressMask;
    private final long highMask;
    private final int highShift;
    private final long restrictionMask;
    private final long grantMask;
    private final long ungrantedMask;
    private final long accessFlag;
    private final long contiguous;

    private TableFormat(Builder b) {
        name = b.name;
        granuleShift = b.granuleShift;
        strideBits = b.granuleShift - 3;
        granuleCode = b.granuleCode;
        lastLevel = b.lastLevel;
        levelsCountUp = b.levelsCountUp;
        for (int h = 0; h < HEIGHTS; h++) {
            boolean table = h > 0;
            boolean leaf = h == 0 || (b.blockHeights >>> h & 1) != 0;
            // Where there is only one kind, what tells them apart elsewhere may be no more than a reserved bit.
            boolean told = !b.reservedTells || table && leaf;
            tableMask[h] = table && told ? b.typeMask : 0;
            tableValue[h] = !table ? NEVER : told ? b.tableType : 0;
            leafMask[h] = leaf && told ? b.typeMask : 0;
            leafValue[h] = !leaf ? NEVER : !told ? 0 : h == 0 ? b.pageType : b.blockType;
            contiguousBits[h] = b.contiguousBits[h];
            tableReserved[h] = b.tableReserved | (told || !table ? 0 : b.typeMask);
            leafReserved[h] = b.leafReserved | (h == 0 ? 0 : (1L << shift(h)) - 1 & b.addressMask & ~b.leafIgnored);
        }
        presentMask = b.presentMask;
        addressMask = b.addressMask;
        highMask = b.highMask;
        highShift = b.highShift;
        restrictionMask = b.restrictionMask;
        grantMask = b.grantMask;
        ungrantedMask = b.ungranted ? b.grantMask : 0;
        accessFlag = b.accessFlag;
        contiguous = b.contiguous;
    }

    private TableFormat(TableFormat f, String name) {
        this.name = name;
        granuleShift = f.granuleShift;
        strideBits = f.strideBits;
        granuleCode = f.granuleCode;
        lastLevel = f.lastLevel;
        levelsCountUp = f.levelsCountUp;
        System.arraycopy(f.tableMask, 0, tableMask, 0, HEIGHTS);
        System.arraycopy(f.tableValue, 0, tableValue, 0, HEIGHTS);
        System.arraycopy(f.leafMask, 0, leafMask, 0, HEIGHTS);
        System.arraycopy(f.leafValue, 0, leafValue, 0, HEIGHTS);
        System.arraycopy(f.contiguousBits, 0, contiguousBits, 0, HEIGHTS);
        System.arraycopy(f.tableReserved, 0, tableReserved, 0, HEIGHTS);
        System.arraycopy(f.leafReserved, 0, leafReserved, 0, HEIGHTS);
        addressMask = f.addressMask;
        highMask = f.highMask;
        highShift = f.highShift;
        restrictionMask = 0;
        grantMask = 0;
        ungrantedMask = 0;
        presentMask = f.presentMask;
        accessFlag = f.accessFlag;
        contiguous = f.contiguous;
    }

    /** The same format under another name, with table descriptors that restrict nothing. */
    TableFormat withoutRestrictions(String newName) {
        return new TableFormat(this, newName + ", " + (1 << granuleShift - 10) + "K");
    }

    /** The format's name, as the architecture calls it. */
    public String name() {
        return name;
    }

    /** log2 of the smallest page in bytes. */
    public int granuleShift() {
        return granuleShift;
    }

    /** Address bits that one table resolves. */
    public int strideBits() {
        return strideBits;
    }

    /** A number from 0 to 3 that tells granules apart in cache tags. */
    public int granuleCode() {
        return granuleCode;
    }

    /** log2 of the bytes that a leaf of a height maps, and of the span of a table entry. */
    public int shift(int height) {
        return granuleShift + strideBits * height;
    }

    /** The architecture's number for a height. */
    public int level(int height) {
        return levelsCountUp ? lastLevel + height : lastLevel - height;
    }

    /** Whether a descriptor is there at all. */
    public boolean isPresent(long descriptor) {
        return (descriptor & presentMask) != 0;
    }

    /** Whether a table descriptor has a bit set that must be zero. */
    public boolean isTableMalformed(long descriptor, int height) {
        return (descriptor & tableReserved[height]) != 0;
    }

    /** Whether a leaf has a bit set that must be zero. */
    public boolean isLeafMalformed(long descriptor, int height) {
        return (descriptor & leafReserved[height]) != 0;
    }

    /** Whether a descriptor that is present points to another table. */
    public boolean isTable(long descriptor, int height) {
        return (descriptor & tableMask[height]) == tableValue[height];
    }

    /** Whether a descriptor that is no table maps memory. */
    public boolean isLeaf(long descriptor, int height) {
        return (descriptor & leafMask[height]) == leafValue[height];
    }

    /** Whether the format has leaves of a height at all. */
    public boolean hasLeaves(int height) {
        return leafValue[height] != NEVER;
    }

    /** The physical address of the table that a table descriptor points to. */
    public long nextTable(long descriptor) {
        return descriptor & addressMask | (descriptor & highMask) << highShift;
    }

    /** The physical address that a leaf descriptor maps its first byte to. */
    public long output(long descriptor, int height) {
        return descriptor & addressMask & -(1L << shift(height)) | (descriptor & highMask) << highShift;
    }

    /** The bits of an address, put where a descriptor keeps them. */
    public long encodeAddress(long address) {
        return address & addressMask | (highMask == 0 ? 0 : address >>> highShift & highMask);
    }

    /**
     * The bits of a table descriptor that restrict everything below it: those that are set, and of the bits that grant
     * something those that are not. They accumulate by OR.
     */
    public long restrictions(long tableDescriptor) {
        return (tableDescriptor ^ grantMask) & restrictionMask;
    }

    /** Whether a walk ends where restrictions, those of the last descriptor among them, have come to this: nothing that lies below can be allowed. */
    public boolean endsWalk(long accumulated) {
        return ungrantedMask != 0 && (accumulated & ungrantedMask) == ungrantedMask;
    }

    /** Whether a leaf has been marked as accessed, or the format has no such mark. */
    public boolean isAccessed(long leaf) {
        return (leaf & accessFlag) == accessFlag;
    }

    /** A descriptor marked as accessed. */
    public long accessed(long descriptor) {
        return descriptor | accessFlag;
    }

    /** log2 of the bytes that a leaf may be cached for: more than its own if it is marked contiguous with its neighbours. */
    public int spanShift(long leaf, int height) {
        return shift(height) + ((leaf & contiguous) != 0 ? contiguousBits[height] : 0);
    }

    /** The height at which a walk of {@code inputBits} starts when each table is one granule. */
    public int startHeight(int inputBits) {
        return (inputBits - 1 - granuleShift) / strideBits;
    }

    @Override
    public String toString() {
        return name;
    }

    /** Starts the description of a format. */
    public static Builder builder(String name, int granuleShift) {
        return new Builder(name, granuleShift);
    }

    /** Collects the properties of a format. */
    public static final class Builder {
        private final String name;
        private final int granuleShift;
        private final int[] contiguousBits = new int[HEIGHTS];
        private int granuleCode;
        private int lastLevel;
        private boolean levelsCountUp;
        private long typeMask;
        private long tableType;
        private long blockType;
        private long pageType;
        private int blockHeights;
        private long addressMask;
        private long highMask;
        private int highShift;
        private long restrictionMask;
        private long grantMask;
        private boolean ungranted;
        private long presentMask = 1;
        private long tableReserved;
        private long leafReserved;
        private long leafIgnored = -1L;
        private boolean reservedTells;
        private long accessFlag;
        private long contiguous;

        private Builder(String name, int granuleShift) {
            this.name = name;
            this.granuleShift = granuleShift;
        }

        /** How cache tags tell this granule from others, 0 to 3. */
        public Builder granuleCode(int code) {
            granuleCode = code;
            return this;
        }

        /** The architecture's number for the level of pages; levels above it count down. */
        public Builder lastLevel(int level) {
            lastLevel = level;
            return this;
        }

        /** The architecture's number for the level of pages is 1; levels above it count up. */
        public Builder levelsFromOne() {
            lastLevel = 1;
            levelsCountUp = true;
            return this;
        }

        /** The bits that tell descriptors apart and their values for tables, blocks and pages. */
        public Builder types(long mask, long table, long block, long page) {
            typeMask = mask;
            tableType = table;
            blockType = block;
            pageType = page;
            return this;
        }

        /** A height above 0 at which leaves exist. */
        public Builder blocksAt(int height) {
            blockHeights |= 1 << height;
            return this;
        }

        /** Address bits that stand in place, {@code msb:lsb}. */
        public Builder address(int msb, int lsb) {
            addressMask = (1L << msb + 1) - (1L << lsb);
            return this;
        }

        /** Upper address bits kept at {@code msb:lsb} of the descriptor and belonging {@code shift} bits further up. */
        public Builder highAddress(int msb, int lsb, int shift) {
            highMask = (1L << msb + 1) - (1L << lsb);
            highShift = shift;
            return this;
        }

        /** Bits of table descriptors that restrict what lies below. */
        public Builder restrictions(long mask) {
            restrictionMask = mask;
            return this;
        }

        /** The bits of which a descriptor that is there has one set; bit 0 unless told. */
        public Builder present(long anyOf) {
            presentMask = anyOf;
            return this;
        }

        /**
         * Bits that must be zero in table descriptors and in leaves. The type bits are then reserved where there is only one kind
         * of descriptor but pages, and so are the address bits of a large leaf below its size, but for {@code large}.
         */
        public Builder reserved(long tables, long leaves, long large) {
            tableReserved = tables;
            leafReserved = leaves;
            leafIgnored = large;
            reservedTells = true;
            return this;
        }

        /** Bits of table descriptors that grant something to what lies below: without them it is restricted. */
        public Builder grants(long mask) {
            grantMask = mask;
            restrictionMask |= mask;
            return this;
        }

        /** Ends a walk as soon as none of the granting bits is left. */
        public Builder endsUngranted(boolean on) {
            ungranted = on;
            return this;
        }

        /** The bits of a leaf that mark it as accessed, once they are all set. */
        public Builder accessFlag(long mask) {
            accessFlag = mask;
            return this;
        }

        /** The bit of a leaf that marks it as one of 2^bits contiguous ones; {@code bits[h]} for height {@code h}. */
        public Builder contiguous(long mask, int... bits) {
            contiguous = mask;
            System.arraycopy(bits, 0, contiguousBits, 0, bits.length);
            return this;
        }

        /** The finished format. */
        public TableFormat build() {
            return new TableFormat(this);
        }
    }
}
