// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

/**
 * The first tag word of an address-tagged cache entry (IOTLB and walk caches): the entry's address, with what else tells
 * entries apart in the twelve bits below the smallest page.
 *
 * <pre>
 *   63                                   12 11 .. 9  8 7   6   5    0
 *  +---------------------------------------+-------+------+---+------+
 *  | address, aligned to the entry's size  |   0   |granul| G | log2 |
 *  +---------------------------------------+-------+------+---+------+
 * </pre>
 *
 * {@code log2} is the entry's size, {@code G} marks an entry shared by all address spaces (global), {@code granul} is
 * {@link TableFormat#granuleCode()}. The low nine bits are the entry's <i>class</i>.
 */
public final class EntryTag {
    /** Number of classes. */
    public static final int CLASSES = 1 << 9;

    private static final int SHIFT_MASK = 0x3F;
    private static final int GLOBAL = 1 << 6;
    private static final int GRANULE_SHIFT = 7;

    private EntryTag() {}

    /** The tag of the entry of 2^{@code shift} bytes that holds an address. */
    public static long of(long address, int shift, int granuleCode, boolean global) {
        return address & -(1L << shift) | shift | (global ? GLOBAL : 0) | (long) granuleCode << GRANULE_SHIFT;
    }

    /** log2 of the entry's size in bytes. */
    public static int shift(long tag) {
        return (int) tag & SHIFT_MASK;
    }

    /** The entry's first address. */
    public static long first(long tag) {
        return tag & -(1L << shift(tag));
    }

    /** The entry's last address. */
    public static long last(long tag) {
        return tag | (1L << shift(tag)) - 1;
    }

    /** Whether the entry is shared by all address spaces. */
    public static boolean isGlobal(long tag) {
        return (tag & GLOBAL) != 0;
    }

    /** The entry's class, below {@link #CLASSES}. */
    public static int classOf(long tag) {
        return (int) tag & CLASSES - 1;
    }

    /** The granule code of a tag or of a class. */
    public static int granuleCode(long tag) {
        return (int) tag >>> GRANULE_SHIFT & 3;
    }
}
