// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import java.util.HashMap;
import java.util.Map;

/**
 * The register file of an SMMU with everything on, as 32-bit words: which bits can be written (fact sheet 1.2 to 1.12), and by
 * which enable of CR0 or IRQ_CTRL a word is guarded. Words that other things change, such as queue indexes, are left out.
 */
final class NaiveRegisters {
    private static final int CR0 = 0x20;
    private static final int IRQ_CTRL = 0x50;
    private static final int SMMUEN = 1;
    private static final int PRIQEN = 2;
    private static final int EVENTQEN = 4;
    private static final int CMDQEN = 8;

    /** A word: the bits that can be written, and the register and bits that must be clear for that. */
    private record Word(int writable, int guard, int while0) {}

    private static final Map<Integer, Word> WORDS = new HashMap<>();
    private final Map<Integer, Integer> values = new HashMap<>();

    static {
        // VMW, ATSCHK and the enables.
        word(CR0, 0x1DF, 0, 0);
        word(0x2C, 0xA, CR0, SMMUEN);
        word(IRQ_CTRL, 7, 0, 0);
        table(0x80, 0xFFFF_FFC0, SMMUEN);
        word(0x88, 0x3_07FF, CR0, SMMUEN);
        table(0x90, -1, CMDQEN);
        table(0xA0, -1, EVENTQEN);
        table(0xC0, -1, PRIQEN);
        message(0x68, 0x3F, 1);
        message(0xB0, 0x3F, 4);
        message(0xD0, 0x8000_003F, 2);
        for (int id : new int[] {0x0, 0x4, 0x8, 0xC, 0x10, 0x14, 0x18, 0x1C, 0x190, 0xFD0, 0xFF0, 0xFFC}) {
            word(id, 0, 0, 0);
        }
    }

    private static void word(int offset, int writable, int guard, int while0) {
        WORDS.put(offset, new Word(writable, guard, while0));
    }

    /** A base address within 48 bits, with its hint in bit 62. */
    private static void table(int offset, int low, int enable) {
        word(offset, low, CR0, enable);
        word(offset + 4, 0x4000_FFFF, CR0, enable);
    }

    private static void message(int offset, int attributes, int enable) {
        word(offset, 0xFFFF_FFFC, IRQ_CTRL, enable);
        word(offset + 4, 0xFFFF, IRQ_CTRL, enable);
        word(offset + 8, -1, IRQ_CTRL, enable);
        word(offset + 12, attributes, IRQ_CTRL, enable);
    }

    /** Offsets of all words. */
    Iterable<Integer> offsets() {
        return WORDS.keySet();
    }

    /** What a word holds, where {@code reset} is what it held at first. */
    int value(int offset, int reset) {
        return values.getOrDefault(offset, reset);
    }

    /** The bits of a word that this file knows: of an address above 48 bits, an implementation may or may not keep the rest. */
    static int known(int offset) {
        boolean upperHalf = WORDS.containsKey(offset - 4) && WORDS.get(offset).writable == 0x4000_FFFF;
        boolean message = WORDS.get(offset).writable == 0xFFFF;
        // CR2.PTM is RES0, or keeps what is written.
        return upperHalf || message ? 0xFF00_FFFF : offset == 0x2C ? ~4 : -1;
    }

    /** A write of any size and alignment. */
    void write(long offset, int size, long value) {
        if (size == 4 && (offset & 3) == 0) {
            write((int) offset, (int) value);
        } else if (size == 8 && (offset & 7) == 0) {
            write((int) offset, (int) value);
            write((int) offset + 4, (int) (value >>> 32));
        }
    }

    private void write(int offset, int value) {
        Word word = WORDS.get(offset);
        if (word == null) {
            return;
        }
        boolean guarded = (value(word.guard, 0) & word.while0) != 0;
        if (!guarded && word.writable != 0) {
            values.put(offset, value & word.writable);
        }
    }

    /** CR0 as software has it. */
    int enables() {
        return value(CR0, 0);
    }

    /** IRQ_CTRL as software has it. */
    int interruptEnables() {
        return value(IRQ_CTRL, 0);
    }
}
