// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongUnaryOperator;

/** Stage 1 walks straight from the printed tables, over any descriptors; the oracle of the walker tests. */
final class NaiveWalker {
    /**
     * How a walk ended. Fields that mean nothing for the kind are zero.
     *
     * @param kind as {@link WalkStatus} names it
     * @param level of the last descriptor
     * @param at where the last descriptor is
     * @param descriptor its value
     * @param output translated address
     * @param restrictions bits 62:59 of all table descriptors
     */
    record Result(String kind, int level, long at, long descriptor, long output, long restrictions) {}

    private final SheetTables sheet;
    private final LongUnaryOperator descriptorAt;
    /** Addresses of descriptors that do not answer. */
    final Set<Long> absent = new HashSet<>();
    /** Levels of all descriptors read, absent ones included. */
    final List<Integer> reads = new ArrayList<>();

    /**
     * A walker.
     *
     * @param descriptorAt the descriptor at an address, in the order of bits that the specification draws; 0 for none
     */
    NaiveWalker(SheetTables sheet, LongUnaryOperator descriptorAt) {
        this.sheet = sheet;
        this.descriptorAt = descriptorAt;
    }

    Result walk(long base, int txsz, int outputBits, boolean hierarchyIgnored, long address) {
        int iaSize = 64 - txsz;
        long table = base;
        long restrictions = 0;
        for (int level = sheet.startLevel(txsz); ; level++) {
            long at = table + 8 * sheet.index(address, level, iaSize);
            reads.add(level);
            if (absent.contains(at)) {
                return new Result("EXTERNAL_ABORT", level, at, 0, 0, 0);
            }
            long d = descriptorAt.applyAsLong(at);
            switch (meaning(d, level)) {
                case "table" -> {
                    table = sheet.addressOf(d, sheet.pageBits());
                    if (tooWide(table, outputBits)) {
                        return new Result("ADDRESS_SIZE", level, at, d, 0, 0);
                    }
                    for (int bit = 59; bit <= 62 && !hierarchyIgnored; bit++) {
                        restrictions |= SheetTables.bits(d, bit, bit) << bit;
                    }
                }
                case "leaf" -> {
                    int leafBits =
                            level == 3 ? sheet.pageBits() : sheet.blocks().get(level);
                    long page = sheet.addressOf(d, leafBits);
                    long output = page + SheetTables.bits(address, leafBits - 1, 0);
                    // A block may be larger than the output address space.
                    if (tooWide(output, outputBits)) {
                        return new Result("ADDRESS_SIZE", level, at, d, 0, 0);
                    }
                    return new Result("OK", level, at, d, output, restrictions);
                }
                default -> {
                    return new Result("INVALID_DESCRIPTOR", level, at, d, 0, 0);
                }
            }
        }
    }

    private String meaning(long d, int level) {
        int type = (int) SheetTables.bits(d, 1, 0);
        if (type == 0 || type == 2) {
            return "invalid";
        }
        if (level == 3) {
            return type == 3 ? "leaf" : "invalid";
        }
        if (type == 3) {
            return "table";
        }
        return sheet.blocks().containsKey(level) ? "leaf" : "invalid";
    }

    private static boolean tooWide(long address, int outputBits) {
        return outputBits < 52 && SheetTables.bits(address, 51, outputBits) != 0;
    }
}
