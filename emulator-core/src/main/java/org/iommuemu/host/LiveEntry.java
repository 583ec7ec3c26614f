// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.memory.PhysicalMemory;

/**
 * Changes a structure of eight words that hardware may be reading, as Linux does from 6.10 on ({@code arm_smmu_write_entry}): what is not
 * used yet first, then, if that is in one word only, what is used, then what is not used any more. If used bits of several words change,
 * the structure is invalid in between. Hardware is told after each step that has changed something.
 */
final class LiveEntry {
    /** Which bits of a structure matter, given what it says. */
    @FunctionalInterface
    interface UsedBits {
        long[] of(long[] entry);
    }

    private static final int WORDS = 8;

    private final PhysicalMemory memory;
    private final long address;
    private final long valid;
    private final UsedBits used;
    private final Runnable changed;

    /**
     * A structure in memory.
     *
     * @param valid bit of the first word that says that the structure is valid
     * @param changed tells hardware
     */
    LiveEntry(PhysicalMemory memory, long address, long valid, UsedBits used, Runnable changed) {
        this.memory = memory;
        this.address = address;
        this.valid = valid;
        this.used = used;
        this.changed = changed;
    }

    private static long word(PhysicalMemory memory, long address, int index) {
        return memory.readLong(address + (long) index * Long.BYTES);
    }

    /** Makes the structure what it is to be. */
    void become(long[] target) {
        long[] now = new long[WORDS];
        for (int i = 0; i < WORDS; i++) {
            now[i] = word(memory, address, i);
        }
        long[] usedNow = used.of(now);
        long[] usedThen = used.of(target);
        long[] prepared = new long[WORDS];
        int critical = 0;
        int last = -1;
        for (int i = 0; i < WORDS; i++) {
            prepared[i] = now[i] & usedNow[i] | target[i] & ~usedNow[i];
            if ((prepared[i] & usedThen[i]) != (target[i] & usedThen[i])) {
                critical++;
                last = i;
            }
        }
        if (critical == 1) {
            prepared[last] = now[last];
            write(prepared, 0, WORDS);
            write(target, last, last + 1);
            write(target, 0, WORDS);
        } else if (critical == 0) {
            write(target, 0, WORDS);
        } else {
            prepared[0] = now[0] & ~valid;
            write(prepared, 0, 1);
            write(target, 1, WORDS);
            write(target, 0, 1);
        }
    }

    private void write(long[] words, int from, int to) {
        boolean any = false;
        for (int i = from; i < to; i++) {
            if (word(memory, address, i) != words[i]) {
                memory.writeLong(address + (long) i * Long.BYTES, words[i]);
                any = true;
            }
        }
        if (any) {
            changed.run();
        }
    }
}
