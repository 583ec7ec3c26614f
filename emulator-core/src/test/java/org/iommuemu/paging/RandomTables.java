// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;

/**
 * Random stage 1 tables, in a memory and in a {@link NaiveWalker}, with a root and addresses whose walks end in every way.
 */
final class RandomTables {
    private static final int[] OUTPUT_SIZES = {32, 36, 40, 42, 44, 48};

    final SheetTables sheet;
    final int txsz;
    final int outputBits;
    final boolean upper;
    final boolean bigEndian;
    final boolean hierarchyIgnored;
    final long base;
    final PhysicalMemory memory = new PhysicalMemory();
    final NaiveWalker naive;
    final List<Long> addresses = new ArrayList<>();

    private final Map<Long, Long> descriptors = new HashMap<>();
    private final SplittableRandom random;

    RandomTables(SheetTables sheet, int txsz, int walks, SplittableRandom random) {
        this.sheet = sheet;
        this.txsz = txsz;
        this.random = random;
        naive = new NaiveWalker(sheet, at -> descriptors.getOrDefault(at, 0L));
        outputBits = sheet.wide() && random.nextBoolean() ? 52 : OUTPUT_SIZES[random.nextInt(OUTPUT_SIZES.length)];
        upper = random.nextBoolean();
        bigEndian = random.nextInt(4) == 0;
        hierarchyIgnored = random.nextInt(4) == 0;
        long alignment = Math.max(64, sheet.startTableBytes(txsz));
        base = random.nextLong(1L << outputBits) / alignment * alignment;
        for (int i = 0; i < walks; i++) {
            long input = input();
            addresses.add(upper ? input - (1L << 64 - txsz) : input);
            describe(input);
        }
    }

    TableRoot root() {
        return TableRoot.builder(Aarch64Stage1.format(sheet.pageBits(), sheet.wide()))
                .base(base)
                .inputBits(64 - txsz)
                .outputBits(outputBits)
                .upper(upper)
                .bigEndian(bigEndian)
                .hierarchyIgnored(hierarchyIgnored)
                .tags(1, 2)
                .build();
    }

    NaiveWalker.Result expected(long address) {
        return naive.walk(base, txsz, outputBits, hierarchyIgnored, address);
    }

    /** Fresh, or an earlier one with a few bits changed, so that walks share tables. */
    private long input() {
        long all = 1L << 64 - txsz;
        if (addresses.isEmpty() || random.nextInt(3) == 0) {
            return random.nextLong(all);
        }
        long near = addresses.get(random.nextInt(addresses.size()));
        return Math.floorMod(near ^ random.nextLong(1L << random.nextInt(1, 64 - txsz)), all);
    }

    /** Writes the descriptors on the way of an address that are not there yet. */
    private void describe(long input) {
        long table = base;
        for (int level = sheet.startLevel(txsz); level <= 3; level++) {
            long at = table + 8 * sheet.index(input, level, 64 - txsz);
            if (naive.absent.contains(at)) {
                return;
            }
            if (!descriptors.containsKey(at)) {
                if (random.nextInt(40) == 0) {
                    naive.absent.add(at);
                    memory.mark(at, 8, random.nextBoolean() ? RangeState.ABSENT : RangeState.POISONED);
                    return;
                }
                write(at, descriptor(level));
            }
            long d = descriptors.get(at);
            if (SheetTables.bits(d, 1, 0) != 3) {
                return;
            }
            table = sheet.addressOf(d, sheet.pageBits());
        }
    }

    /** Mostly a table, or a page at the last level; sometimes a block or nothing; all other bits random. */
    private long descriptor(int level) {
        int type = random.nextInt(level == 3 ? 10 : 6) != 0 ? 3 : random.nextInt(4);
        if (level < 3 && type == 3 && random.nextInt(8) == 0) {
            type = 1;
        }
        long noise = random.nextLong() & ~3L;
        // Restrictions rarely, or every walk would end up with all of them.
        for (int bit = 59; bit <= 62; bit++) {
            noise = random.nextInt(3) == 0 ? noise | 1L << bit : noise & ~(1L << bit);
        }
        long target = random.nextLong(1L << (random.nextInt(12) == 0 ? 52 : outputBits));
        return sheet.withAddress(noise, target) & ~3L | type;
    }

    private void write(long at, long descriptor) {
        descriptors.put(at, descriptor);
        memory.writeLong(at, bigEndian ? Long.reverseBytes(descriptor) : descriptor);
    }

    @Override
    public String toString() {
        return sheet + " TxSZ " + txsz + " base 0x" + Long.toHexString(base) + " output " + outputBits
                + (upper ? " upper" : "") + (bigEndian ? " big-endian" : "")
                + (hierarchyIgnored ? " hierarchy ignored" : "");
    }
}
