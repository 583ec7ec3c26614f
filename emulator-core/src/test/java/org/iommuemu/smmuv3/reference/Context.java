// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.reference.Arena;

/** A CD with its tables; several streams and substreams may have it. */
final class Context {
    /** HD and HA, and ENDI, which would make another field of nG. */
    private static final long KEPT = 3L << 42 | 1L << 15;

    final long[] words = new long[8];
    /** Addresses worth a visit. */
    final List<Long> inputs = new ArrayList<>();
    /** Behind which stage 2 it is, or null. */
    final SecondStage second;
    /** Whether it is of EL2, with one table. */
    final boolean oneHalf;

    private final SmmuDraw draw;
    private final ReferenceRegisters machine;

    /**
     * A legal one, but for mutations.
     *
     * @param ste of a stream that has it
     * @param updates HAFT, HD and HA of a machine where all contexts have the same, in bits 2 to 0; or -1
     * @param style of the leaves
     */
    Context(
            SmmuDraw draw,
            ReferenceRegisters machine,
            PhysicalMemory memory,
            Arena arena,
            ReferenceSte ste,
            SecondStage second,
            int asid,
            int updates,
            TableWriter.Style style) {
        this.draw = draw;
        this.machine = machine;
        this.second = second;
        this.oneHalf = ste.oneHalf();
        ReferenceCd cd = new ReferenceCd(words, machine, ste);
        do {
            drawWords(asid, updates, ste);
        } while (cd.illegal());
        long offset = second == null ? 0 : second.offset;
        LongConsumer use = second == null ? used -> {} : second::use;
        for (int half = 0; half < 2; half++) {
            if (cd.disabled(half)) {
                continue;
            }
            ReferenceTables unplaced = cd.tables(half);
            long bytes = 8L << unplaced.inputBits() - unplaced.low(unplaced.start());
            words[1 + half] |= arena.allocate(Math.max(bytes, 64), Math.max(bytes, 64)) + offset;
            ReferenceTables shape = cd.tables(half);
            fill(new TableWriter(draw, memory, arena, shape, offset, style, use), half, shape);
            if (draw.once(4)) {
                // Ignored: below the alignment.
                words[1 + half] |= 16L * draw.below(4) & bytes - 1;
            }
        }
        if (inputs.isEmpty()) {
            inputs.add(draw.bits(48));
        }
        if (draw.once(6)) {
            mutate(updates >= 0);
        }
    }

    private void drawWords(int asid, int updates, ReferenceSte ste) {
        boolean stalls = machine.stallModel() == 2 || machine.stallModel() == 0 && !ste.get(91) && draw.once(4);
        boolean big = machine.endianness(true) && (!machine.endianness(false) || draw.once(3));
        long all = updates >= 0 ? updates : draw.once(3) ? 3 : draw.bits(3);
        words[0] = draw.size()
                | (long) draw.of(0, 0, 1, 2) << 6
                | draw.bits(6) << 8
                | draw.rarely(8) << 14
                | (big ? 1L : 0) << 15
                | (long) draw.size() << 16
                | (long) draw.of(1, 2, 2, 3) << 22
                | draw.bits(6) << 24
                | draw.rarely(3) << 30
                | 1L << 31
                | (long) draw.of(5, 6, 7, draw.below(8)) << 32
                | draw.rarely(3) << 35
                | draw.rarely(4) << 36
                | draw.bits(2) << 38
                | draw.rarely(4) << 40
                | 1L << 41
                | (all >>> 1 & 1) << 42
                | (all & 1) << 43
                | (stalls ? 1L : 0) << 44
                | draw.mostly(4) << 45
                | (machine.abortOnly() ? 1 : draw.mostly(4)) << 46
                | draw.bit() << 47
                | (long) asid << 48;
        words[1] = draw.rarely(4) << 1 | draw.rarely(6) << 2 | all >>> 2 << 3 | draw.bit() << 59;
        words[2] = draw.rarely(4) << 1 | draw.rarely(6) << 2 | draw.bit() << 58;
        words[3] = draw.bits(64);
    }

    private void fill(TableWriter writer, int half, ReferenceTables shape) {
        long last = 0;
        for (int i = 0; i < 7; i++) {
            // Close to the one before: the same tables down to some level.
            long close = last ^ draw.bits(2 + draw.below(shape.granule() - 3)) << shape.granule() + 9 * draw.below(4);
            long address = i == 0 || draw.once(3) ? edge(shape.inputBits()) : close;
            address &= (1L << shape.inputBits()) - 1;
            last = address;
            long va = half == 0 ? address : address | -(1L << shape.inputBits());
            inputs.add(va);
            long output = writer.write(va, target(shape.outputBits()), false);
            if (second != null && output != -1) {
                second.map(output, physical(draw, second.outputBits));
            }
        }
    }

    /** An address of so many bits, often at the end of what there is. */
    private long edge(int bits) {
        return switch (draw.below(4)) {
            case 0 -> draw.below(4) * 0x1000L;
            case 1 -> (1L << bits) - 1 - draw.below(4) * 0x1000L;
            default -> draw.bits(bits);
        };
    }

    private long target(int outputBits) {
        if (second == null) {
            return physical(draw, outputBits);
        }
        return second.inputs.isEmpty() || draw.once(3)
                ? draw.bits(Math.min(outputBits, second.inputBits))
                : draw.of(second.inputs);
    }

    /** A physical address for data: mostly one that is there. */
    static long physical(SmmuDraw draw, int bits) {
        return switch (draw.below(10)) {
            case 0 -> draw.bits(52);
            case 1 -> 1L << bits;
            case 2 -> (1L << bits) - 1;
            case 3 -> draw.bits(bits);
            default -> 0x8000_0000L + draw.below(64) * 0x1000L;
        };
    }

    private void mutate(boolean cached) {
        int word = draw.of(0, 0, 0, 1, 2);
        long flip = 1L << draw.below(word == 0 ? 48 : 60);
        if (cached && (word == 0 && (flip & KEPT) != 0 || word == 1 && flip == 8)) {
            return;
        }
        words[word] ^= flip;
    }
}
