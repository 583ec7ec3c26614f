// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** One translation in a Translation Completion (PCIe Base Specification §10.2.3). */
public final class TranslationEntry {
    /** Size in bytes. */
    public static final int BYTES = 8;

    private static final int PAGE_SHIFT = 12;
    private static final Layout.Builder B = Layout.builder("Translation Completion entry", 1, "PCIe 10.2.3");
    /** Read. */
    public static final BitField R = B.bit("R", 0);
    /** Write. */
    public static final BitField W = B.bit("W", 1);
    /** Untranslated access only. */
    public static final BitField U = B.bit("U", 2);
    /** Execute. */
    public static final BitField EXE = B.bit("Exe", 3);
    /** Privileged mode. */
    public static final BitField PRIV = B.bit("Priv", 4);
    /** Global mapping. */
    public static final BitField GLOBAL = B.bit("Global", 5);
    /** Attributes of memory accesses. */
    public static final BitField AMA = B.field("AMA", 8, 6);
    /** Non-snooped accesses. */
    public static final BitField N = B.bit("N", 10);
    /** Size: more than 4 KiB. */
    public static final BitField S = B.bit("S", 11);
    /** Translated address; low bits say the size if S is set. */
    public static final BitField ADDRESS = B.field("Translated Address", 63, 12);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private TranslationEntry() {}

    /** Address, S and size of a page (§10.2.3.2: table 10-3). Bits below the page's size are its size. */
    public static long encode(long address, int pageShift) {
        if (pageShift <= PAGE_SHIFT) {
            return ADDRESS.inPlace(address);
        }
        long ones = (1L << pageShift - 1) - (1L << PAGE_SHIFT);
        return ADDRESS.inPlace(address & -(1L << pageShift) | ones) | S.mask();
    }

    /** log2 of the bytes of the page; 64 is everything. */
    public static int pageShift(long entry) {
        return S.isSet(entry)
                ? Math.min(Long.SIZE, Long.numberOfTrailingZeros(~(entry | (1L << PAGE_SHIFT) - 1)) + 1)
                : PAGE_SHIFT;
    }

    /** Translated address of the page's first byte. */
    public static long address(long entry) {
        int shift = pageShift(entry);
        return shift >= Long.SIZE ? 0 : ADDRESS.inPlace(entry) & -(1L << shift);
    }
}
