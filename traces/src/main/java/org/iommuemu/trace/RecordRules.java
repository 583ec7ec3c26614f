// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import org.jspecify.annotations.Nullable;

/** What every record must hold to, whatever its encoding. */
final class RecordRules {
    private static final int LETTERS = DmaRecord.LETTERS.length();
    private static final int[] FORBIDDEN = new int[TraceKind.count()];
    private static final long MOST_LENGTH = 0xFFFF_FFFFL;
    private static final int MOST_TIME_BITS = 61;
    private static final long MOST_TIME = 1L << MOST_TIME_BITS;

    static {
        for (int code = 0; code < FORBIDDEN.length; code++) {
            FORBIDDEN[code] = ~TraceKind.of(code).legalAttributes();
        }
    }

    /** What is wrong, and what was expected. */
    record Flaw(String problem, String expected) {}

    private RecordRules() {}

    /**
     * Looks for what is wrong with a record.
     *
     * @param earliest the time of the record before
     * @return null if nothing is
     */
    static @Nullable Flaw flaw(DmaRecord r, long earliest) {
        boolean plain = r.time >= earliest
                && r.time <= MOST_TIME
                && (r.attributes & FORBIDDEN[r.kind]) == 0
                && r.address >>> DmaRecord.ADDRESS_BITS == 0
                && r.length >>> Integer.SIZE == 0
                && !passesTheEnd(r)
                && r.pasid >= DmaRecord.NO_PASID
                && r.pasid >> DmaRecord.PASID_BITS <= 0;
        if (plain && r.isDma() && (r.pageShift | r.group) == 0) {
            return null;
        }
        return slowFlaw(r, earliest);
    }

    private static @Nullable Flaw slowFlaw(DmaRecord r, long earliest) {
        TraceKind kind = r.kind();
        if (r.time < earliest) {
            return new Flaw("time is " + r.time, "at least " + earliest + ", that of the record before");
        }
        if (r.time > MOST_TIME) {
            return new Flaw("time is " + r.time, "at most 2^" + MOST_TIME_BITS + " ps");
        }
        if ((r.attributes & FORBIDDEN[r.kind]) != 0) {
            return new Flaw(
                    a(kind) + " with attributes '" + letters(r.attributes) + "'",
                    kind.legalAttributes() == 0 ? "none" : "only of '" + letters(kind.legalAttributes()) + "'");
        }
        if (r.address >>> DmaRecord.ADDRESS_BITS != 0) {
            return new Flaw("address is " + hex(r.address), "an address of at most 52 bits");
        }
        if (r.length < 0 || r.length > MOST_LENGTH) {
            return new Flaw("length is " + r.length, "a number from 0 to " + MOST_LENGTH);
        }
        if (passesTheEnd(r)) {
            return new Flaw(
                    a(kind) + " of " + r.length + " bytes at " + hex(r.iova), "a range that ends at 2^64 or before");
        }
        if (r.pasid < DmaRecord.NO_PASID || r.pasid >> DmaRecord.PASID_BITS > 0) {
            return new Flaw("pasid is " + r.pasid, "a number of at most 20 bits");
        }
        if (r.group >>> DmaRecord.GROUP_BITS != 0) {
            return new Flaw("group is " + r.group, "a number of at most 9 bits");
        }
        if (r.group != 0 && kind != TraceKind.PAGE_REQUEST) {
            return new Flaw(a(kind) + " with group " + r.group, "a group for page requests only");
        }
        return kind == TraceKind.MAP || kind == TraceKind.UNMAP ? pageFlaw(r, kind) : plainFlaw(r, kind);
    }

    private static boolean passesTheEnd(DmaRecord r) {
        return r.length != 0 && Long.compareUnsigned(r.iova, -r.length) > 0;
    }

    private static @Nullable Flaw plainFlaw(DmaRecord r, TraceKind kind) {
        if (r.pageShift != 0) {
            return new Flaw(a(kind) + " with page_shift " + r.pageShift, "a page_shift for map and unmap only");
        }
        if (r.hasAddress && !kind.isDma()) {
            return new Flaw(a(kind) + " with an address", "an address for DMA and map only");
        }
        return null;
    }

    private static @Nullable Flaw pageFlaw(DmaRecord r, TraceKind kind) {
        if (r.pageShift < DmaRecord.LEAST_SHIFT || r.pageShift > DmaRecord.MOST_SHIFT) {
            return new Flaw(
                    "page_shift is " + r.pageShift,
                    "log2 of a page size, " + DmaRecord.LEAST_SHIFT + " to " + DmaRecord.MOST_SHIFT);
        }
        if (kind == TraceKind.MAP && (r.attributes & DmaRecord.PERMISSIONS) == 0) {
            return new Flaw("a map that allows nothing", "r, w or x among its attributes");
        }
        if (r.hasAddress != (kind == TraceKind.MAP)) {
            return kind == TraceKind.MAP
                    ? new Flaw("a map without an address", "the physical address that is mapped")
                    : new Flaw("an unmap with an address", "an address for DMA and map only");
        }
        long inPage = (1L << r.pageShift) - 1;
        if (r.length == 0 || ((r.iova | r.length | r.address) & inPage) != 0) {
            return new Flaw(
                    a(kind) + " of " + r.length + " bytes at " + hex(r.iova)
                            + (r.hasAddress ? " to " + hex(r.address) : ""),
                    "whole pages of 2^" + r.pageShift + " bytes");
        }
        return null;
    }

    private static String a(TraceKind kind) {
        String name = kind.label();
        return ("aiou".indexOf(name.charAt(0)) < 0 ? "a " : "an ") + name;
    }

    static String letters(int attributes) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < LETTERS; i++) {
            if ((attributes >>> i & 1) != 0) {
                out.append(DmaRecord.LETTERS.charAt(i));
            }
        }
        return out.toString();
    }

    static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
