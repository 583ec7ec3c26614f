// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

import org.iommuemu.vtd.Vtd;

/**
 * What the registers say (fact sheet 2).
 *
 * @param status GSTS
 * @param root RTADDR, as it was latched
 * @param interrupts IRTA, as it was latched
 * @param ranges first and last address of the protected regions, pairwise; none if they are off
 */
record ReferenceRegisters(long ver, long cap, long ecap, long status, long root, long interrupts, long[] ranges) {
    private static final int[] WIDTHS = {0, 39, 48, 57};

    static ReferenceRegisters of(Vtd unit) {
        long cap = unit.readRegister(0x8, 8);
        long[] ranges = {0, -1, 0, -1};
        if (bit(unit.readRegister(0x64, 4), 31)) {
            if (bit(cap, 5)) {
                ranges[0] = unit.readRegister(0x68, 4);
                ranges[1] = unit.readRegister(0x6C, 4) | 0xF_FFFF;
            }
            if (bit(cap, 6)) {
                ranges[2] = unit.readRegister(0x70, 8);
                ranges[3] = unit.readRegister(0x78, 8) | 0xF_FFFF;
            }
        }
        return new ReferenceRegisters(
                unit.readRegister(0, 4),
                cap,
                unit.readRegister(0x10, 8),
                unit.readRegister(0x1C, 4),
                unit.readRegister(0x20, 8),
                unit.readRegister(0xB8, 8),
                ranges);
    }

    /** Bits {@code top:low} of a word. */
    static long bits(long word, int top, int low) {
        return word >>> low & (-1L >>> 63 - top + low);
    }

    static boolean bit(long word, int n) {
        return (word >>> n & 1) != 0;
    }

    int major() {
        return (int) bits(ver, 7, 4);
    }

    boolean translates() {
        return bit(status, 31);
    }

    boolean remaps() {
        return bit(status, 25);
    }

    /** RTADDR.TTM. */
    int mode() {
        return (int) bits(root, 11, 10);
    }

    boolean extended(int n) {
        return bit(ecap, n);
    }

    int guestBits() {
        return (int) bits(cap, 21, 16) + 1;
    }

    /** The host's addresses are as wide as the guest's, 52 bits at most: a choice of the model. */
    int hostBits() {
        return Math.min(52, guestBits());
    }

    /** Guest address bits of a code AW, or 0 if there are no such tables. */
    int width(int code) {
        return code >= 1 && code <= 3 && bit(bits(cap, 12, 8), code) ? WIDTHS[code] : 0;
    }

    int domainBits() {
        return 4 + 2 * (int) bits(cap, 2, 0);
    }

    int pasidBits() {
        return (int) bits(ecap, 39, 35) + 1;
    }

    /** Whether a page of 2 MiB (21) or 1 GiB (30) is allowed in the second stage. */
    boolean large(int shift) {
        return bit(cap, shift == 21 ? 34 : 35);
    }

    /** Whether an address is in a protected region. */
    boolean guards(long address) {
        for (int i = 0; i < ranges.length; i += 2) {
            if (ranges[i + 1] != -1 && address >= ranges[i] && address <= ranges[i + 1]) {
                return true;
            }
        }
        return false;
    }
}
