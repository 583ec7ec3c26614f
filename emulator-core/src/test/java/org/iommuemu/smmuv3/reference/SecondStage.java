// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.reference.Arena;

/** The stage 2 part of STEs, with its tables; several streams may share one. */
final class SecondStage {
    /** S2FWB, in word 1. */
    private static final long FWB = 1L << 25;
    /** S2S and S2R, which no TLB keeps. */
    private static final long FAULTS = 3L << 57;
    /** S2HD, S2HA, S2HAFT. */
    private static final long UPDATES = 1L << 55 | 1L << 56 | 1L << 59;

    private final SmmuDraw draw;
    private final TableWriter writer;
    private final Set<Long> mapped = new HashSet<>();
    /** Addresses worth a visit. */
    final List<Long> inputs = new ArrayList<>();

    final int inputBits;
    final int outputBits;
    /** What to add to a physical address of a structure of stage 1. */
    final long offset;

    private final int granule;
    private final long[] words = new long[4];

    /**
     * A legal one, but for mutations.
     *
     * @param updates S2HAFT, S2HD and S2HA of a machine where all streams have the same, in bits 2 to 0; or -1
     */
    SecondStage(SmmuDraw draw, ReferenceRegisters machine, PhysicalMemory memory, Arena arena, int vmid, int updates) {
        this.draw = draw;
        ReferenceSte ste;
        do {
            words[0] = 1 | 6 << 1;
            words[1] = draw.rarely(4) << 25;
            words[2] = drawWord(machine, vmid, updates);
            words[3] = draw.rarely(3) << 2 | draw.bit() << 3;
            ste = new ReferenceSte(words, machine);
        } while (ste.illegal());
        ReferenceTables unplaced = ste.tables();
        long bytes = 8L << unplaced.inputBits() - unplaced.low(unplaced.start());
        long base = arena.allocate(Math.max(bytes, 64), Math.max(bytes, 64));
        words[3] |= base;
        ReferenceTables shape = ste.tables();
        inputBits = shape.inputBits();
        outputBits = shape.outputBits();
        granule = shape.granule();
        offset = inputBits > 33 && draw.once(2) ? 1L << 32 + draw.below(inputBits - 32) : 0;
        writer = new TableWriter(draw, memory, arena, shape, 0, TableWriter.Style.SECOND, used -> {});
        if (draw.once(4)) {
            // Ignored: below the alignment.
            words[3] |= 16L * draw.below(4) & bytes - 1;
        }
        if (draw.once(6)) {
            mutate(updates >= 0);
        }
    }

    private long drawWord(ReferenceRegisters machine, int vmid, int updates) {
        int size;
        do {
            size = draw.size();
        } while (size > 36 && !draw.once(6));
        long all = updates >= 0 ? updates : draw.once(3) ? 3 : draw.bits(3);
        return vmid
                | (long) size << 32
                | draw.bits(2) << 38
                | draw.bits(6) << 40
                | (long) draw.of(0, 0, 1, 2, 3) << 46
                | (long) draw.of(5, 6, 7, draw.below(8)) << 48
                | 1L << 51
                | (machine.endianness(false) ? machine.endianness(true) ? draw.rarely(3) : 0 : 1) << 52
                | draw.rarely(3) << 53
                | draw.rarely(4) << 54
                | (all >>> 1 & 1) << 55
                | (all & 1) << 56
                | (machine.stallModel() == 2 ? 1 : machine.stallModel() == 1 ? 0 : draw.rarely(4)) << 57
                | draw.mostly(4) << 58
                | all >>> 2 << 59;
    }

    private void mutate(boolean keepUpdates) {
        long flip = 1L << 32 + draw.below(28);
        if (draw.once(3)) {
            words[3] ^= 1L << draw.below(52);
        } else if (!keepUpdates || (flip & UPDATES) == 0) {
            words[2] ^= flip;
        }
    }

    /** Puts this into an STE's words. */
    void into(long[] ste) {
        ste[1] |= words[1] & FWB;
        ste[2] = words[2];
        ste[3] = words[3];
    }

    /** S2S and S2R anew, for one of several streams. */
    static void redrawFaults(long[] ste, SmmuDraw draw, ReferenceRegisters machine) {
        if (machine.stallModel() == 0) {
            ste[2] = ste[2] & ~FAULTS | draw.bits(2) << 57;
        }
    }

    /** Maps the page of a structure, mostly with every right. */
    void use(long ipa) {
        if (inputBits < 64 && ipa >>> inputBits == 0 && mapped.add(ipa >>> granule)) {
            writer.write(ipa, ipa - offset, true);
        }
    }

    /** Maps data, anyhow. */
    void map(long ipa, long target) {
        if (ipa >>> inputBits == 0) {
            inputs.add(ipa);
            if (mapped.add(ipa >>> granule)) {
                writer.write(ipa, target, false);
            }
        }
    }
}
