// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

/** A Context Descriptor (fact sheet 3.2), and whether it is valid (3.4). */
final class ReferenceCd {
    private static final int[] LOWER_GRANULES = {12, 16, 14, 0};
    private static final int[] UPPER_GRANULES = {0, 14, 12, 16};

    private final long[] words;
    private final ReferenceRegisters machine;
    private final ReferenceSte ste;

    ReferenceCd(long[] words, ReferenceRegisters machine, ReferenceSte ste) {
        this.words = words;
        this.machine = machine;
        this.ste = ste;
    }

    long get(int msb, int lsb) {
        return ReferenceRegisters.bits(words[lsb >>> 6], msb & 63, lsb & 63);
    }

    boolean get(int bit) {
        return get(bit, bit) != 0;
    }

    boolean updatesFlag() {
        return get(43);
    }

    boolean updatesDirty() {
        return get(43) && get(42);
    }

    private boolean updatesTables() {
        return machine.httu() == 3 && get(67) && get(43);
    }

    /** Whether a half is never walked: EPDx, which EL2 has not; its second half does not exist. */
    boolean disabled(int half) {
        return ste.oneHalf() ? half == 1 : get(half == 0 ? 14 : 30);
    }

    boolean ignoresTopByte(int half) {
        return get(38 + half);
    }

    /** HADx. */
    boolean ignoresHierarchy(int half) {
        return machine.had() && get(half == 0 ? 65 : 129);
    }

    /** E0PDx. */
    boolean keepsOut(int half) {
        return machine.e0pd() && !ste.oneHalf() && get(half == 0 ? 66 : 130);
    }

    boolean pan() {
        return !ste.oneHalf() && get(40);
    }

    boolean epan() {
        return machine.epan() && get(123);
    }

    int inputBits(int half) {
        return 64 - (int) (half == 0 ? get(5, 0) : get(21, 16));
    }

    int granule(int half) {
        return half == 0 ? LOWER_GRANULES[(int) get(7, 6)] : UPPER_GRANULES[(int) get(23, 22)];
    }

    int outputBits() {
        return machine.size(get(34, 32));
    }

    boolean ds(int half) {
        return machine.ds() && get(186) && granule(half) != 16;
    }

    private long base(int half) {
        return (half == 0 ? get(115, 68) : get(179, 132)) << 4;
    }

    ReferenceTables tables(int half) {
        int granule = granule(half);
        int start = 3 - (inputBits(half) - 1 - granule) / (granule - 3);
        return ReferenceTables.of(
                machine, granule, inputBits(half), start, base(half), outputBits(), ds(half), get(15), updatesTables());
    }

    /** Section 3.4; the numbers are those of its list. */
    boolean illegal() {
        if (!get(31)) {
            return true;
        }
        boolean stalls = get(44);
        // 1
        if (stalls && (ste.get(91) || machine.stallModel() == 1)
                || !stalls && machine.stallModel() == 2
                || machine.abortOnly() && !get(46)) {
            return true;
        }
        // 2
        if (!(disabled(0) && disabled(1)) && !machine.endianness(get(15))) {
            return true;
        }
        // 3
        if (!get(41) || !machine.wideTables()) {
            return true;
        }
        // 4
        boolean ha = get(43);
        boolean hd = get(42);
        if ((ha || hd) && machine.httu() == 0 || hd && machine.httu() == 1 || machine.httu() == 3 && get(67) && !ha) {
            return true;
        }
        // 5
        if (!machine.asid16() && !ste.oneHalf() && get(63, 56) != 0) {
            return true;
        }
        // 6
        return illegalHalf(0) || illegalHalf(1);
    }

    private boolean illegalHalf(int half) {
        if (disabled(half)) {
            return false;
        }
        int granule = granule(half);
        if (!machine.granule(granule)) {
            return true;
        }
        int size = 64 - inputBits(half);
        int most = !machine.stt() ? 39 : granule == 16 ? 47 : 48;
        int least = machine.wideInput() && (granule == 16 || ds(half)) ? 12 : 16;
        long base = base(half);
        return size > most
                || size < least
                || base >>> outputBits() != 0
                || granule != 16 && !ds(half) && base >>> 48 != 0;
    }
}
