// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

/** A Stream Table Entry (fact sheet 2.2), and whether it is valid (2.8). */
final class ReferenceSte {
    private static final int[] GRANULES = {12, 16, 14, 0};

    private final long[] words;
    private final ReferenceRegisters machine;

    ReferenceSte(long[] words, ReferenceRegisters machine) {
        this.words = words;
        this.machine = machine;
    }

    /** Bits of the structure, within one word. */
    long get(int msb, int lsb) {
        return ReferenceRegisters.bits(words[lsb >>> 6], msb & 63, lsb & 63);
    }

    boolean get(int bit) {
        return get(bit, bit) != 0;
    }

    int config() {
        return (int) get(3, 1);
    }

    boolean translates() {
        return (config() & 4) != 0;
    }

    boolean first() {
        return (config() & 5) == 5;
    }

    boolean second() {
        return (config() & 6) == 6;
    }

    long contextPointer() {
        return get(55, 6) << 6;
    }

    /** Bytes of the table at S1ContextPtr, to which it is aligned (section 3.1). */
    long contextTableBytes() {
        int fmt = (int) get(5, 4);
        if (fmt == 0 || fmt == 3) {
            return 64L << contextBits();
        }
        return Math.max(64, 8L << Math.max(0, contextBits() - (fmt == 1 ? 6 : 10)));
    }

    /** log2 of the number of CDs; 0 where there are no substreams. */
    int contextBits() {
        return machine.substreamBits() == 0 ? 0 : (int) get(63, 59);
    }

    int eats() {
        int eats = (int) get(93, 92);
        boolean off = !machine.ats() || (config() & 3) == 0 || eats == 3 || eats == 2 && !machine.atsCheck();
        return off ? 0 : eats;
    }

    private boolean worldUsed() {
        return machine.stage1() && machine.hyp() && config() == 5;
    }

    /** EL2 or EL2-E2H. */
    boolean el2() {
        return worldUsed() && get(95, 94) == 2;
    }

    /** One table, one privilege. */
    boolean oneHalf() {
        return el2() && !machine.e2h();
    }

    ReferenceAccess override(ReferenceAccess access) {
        return machine.permissionOverrides() ? access.overridden(get(115, 114), get(113, 112)) : access;
    }

    /** INSTCFG: 2 data, 3 instruction, 0 incoming. */
    int instCfg() {
        int code = (int) get(115, 114);
        return machine.permissionOverrides() && code > 1 ? code : 0;
    }

    boolean updatesFlag() {
        return get(184);
    }

    boolean updatesDirty() {
        return get(184) && get(183);
    }

    boolean updatesTables() {
        return machine.httu() == 3 && get(187) && get(184);
    }

    int granule() {
        return GRANULES[(int) get(175, 174)];
    }

    /** 52-bit addresses with the 4K and 16K granules. */
    boolean ds() {
        return machine.ds() && get(195) && granule() != 16;
    }

    int outputBits() {
        return machine.size(get(178, 176));
    }

    /** The tables of stage 2. */
    ReferenceTables tables() {
        return ReferenceTables.of(
                machine,
                granule(),
                64 - (int) get(165, 160),
                startLevel(),
                get(243, 196) << 4,
                outputBits(),
                ds(),
                get(180),
                updatesTables());
    }

    /** Section 4.3: the level that S2SL0 stands for, or 9 if none. */
    private int startLevel() {
        int code = (int) get(167, 166);
        switch (granule()) {
            case 12:
                if (ds() && get(194)) {
                    return code == 0 ? -1 : 9;
                }
                return new int[] {2, 1, 0, machine.stt() ? 3 : 9}[code];
            case 14:
                return new int[] {3, 2, 1, ds() ? 0 : 9}[code];
            default:
                return new int[] {3, 2, 1, 9}[code];
        }
    }

    /** Section 4.3: S2T0SZ that a start level allows, with up to 16 tables. */
    private boolean consistent() {
        int size = (int) get(165, 160);
        int level = startLevel();
        // By granule and level: from, to with one table.
        int[][] single = switch (granule()) {
            case 12 -> new int[][] {{12, 15}, {16, 24}, {25, 33}, {34, 42}, {43, 48}};
            case 14 -> new int[][] {{}, {12, 16}, {17, 27}, {28, 38}, {39, 48}};
            default -> new int[][] {{}, {}, {12, 21}, {22, 34}, {35, 47}};
        };
        if (level == 9 || single[level + 1].length == 0) {
            return false;
        }
        int from = single[level + 1][0];
        int to = single[level + 1][1];
        // The first level takes all there is; later ones can be 16 times as large as a table.
        boolean concatenates = !(granule() == 12 && level == -1);
        return size <= to && size >= from - (concatenates ? 4 : 0);
    }

    /** Section 2.8; the numbers are those of its list. */
    boolean illegal() {
        if (!get(0)) {
            return true;
        }
        if (!translates()) {
            return false;
        }
        // 1
        if (first() && !machine.stage1() || second() && !machine.stage2()) {
            return true;
        }
        // 2
        if (machine.ats() && (config() & 3) != 0) {
            int eats = (int) get(93, 92);
            boolean stalls = get(185);
            if (eats == 1 && second() && stalls || eats == 2 && (config() != 7 || stalls || !machine.splitStageAts())) {
                return true;
            }
        }
        // 3
        if (worldUsed() && get(94)) {
            return true;
        }
        // 6
        boolean vmid = machine.stage2() && config() != 4 && !el2();
        if (vmid && !machine.vmid16() && get(143, 136) != 0) {
            return true;
        }
        return first() && illegalFirst() || second() && illegalSecond();
    }

    /** Rule 4. */
    private boolean illegalFirst() {
        int cdMax = (int) get(63, 59);
        int fmt = (int) get(5, 4);
        int limit = second() ? machine.ias() : machine.oas();
        return get(91) && machine.stallModel() != 0
                // Where there are no substreams the text calls S1CDMax both ignored and limited; the latter here.
                || cdMax > machine.substreamBits()
                || cdMax > 0 && !machine.twoLevelContexts() && (fmt == 1 || fmt == 2)
                || contextPointer() >>> limit != 0;
    }

    /** Rule 5, as far as there are VMSAv8-64 tables alone. */
    private boolean illegalSecond() {
        boolean stalls = get(185);
        if (stalls && machine.stallModel() == 1 || !stalls && machine.stallModel() == 2) {
            return true;
        }
        if (!get(179) || !machine.wideTables()) {
            return true;
        }
        boolean ha = get(184);
        boolean hd = get(183);
        if ((ha || hd) && machine.httu() == 0 || hd && machine.httu() == 1 || machine.httu() == 3 && get(187) && !ha) {
            return true;
        }
        if (!machine.granule(granule())) {
            return true;
        }
        long base = get(243, 196) << 4;
        if (base >>> outputBits() != 0 || granule() != 16 && !ds() && base >>> 48 != 0) {
            return true;
        }
        int size = (int) get(165, 160);
        int most = !machine.stt() ? 39 : granule() == 16 ? 47 : 48;
        int least = Math.max(granule() == 16 || ds() ? 12 : 16, 64 - machine.ias());
        return size > most || size < least || !consistent() || !machine.endianness(get(180));
    }
}
