// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/** The smallest aligned power of two of 4 KiB pages around a range, which is what ATCs and VT-d invalidate. */
final class AlignedSpan {
    private static final int GRANULE = 12;

    private AlignedSpan() {}

    /** log2 of its pages. */
    static int order(long address, long bytes) {
        long differing = (address ^ address + bytes - 1) >>> GRANULE;
        return Long.SIZE - Long.numberOfLeadingZeros(differing);
    }

    /** Its first byte. */
    static long first(long address, int order) {
        return order + GRANULE >= Long.SIZE ? 0 : address & -(1L << order + GRANULE);
    }
}
