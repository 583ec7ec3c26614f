// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/**
 * The tables of DDI 0487 §D8.2-D8.3 as they are printed, for the oracles of this package: bit positions for each granule and
 * level, no formula. Shares nothing with {@link TableFormat}.
 *
 * @param pageBits log2 of the granule
 * @param wide descriptors with 52-bit addresses
 * @param indices by level, msb and lsb of the index
 * @param blocks by level, lowest output address bit of a block
 * @param address rows of address msb, address lsb, descriptor lsb
 * @param starts rows of first TxSZ, last TxSZ, start level
 * @param contiguous by level, log2 of the bytes of a contiguous run
 */
record SheetTables(
        int pageBits,
        boolean wide,
        Map<Integer, int[]> indices,
        Map<Integer, Integer> blocks,
        List<int[]> address,
        List<int[]> starts,
        Map<Integer, Integer> contiguous) {

    private static final Map<Integer, int[]> INDEX_4K = Map.of(
            -1, new int[] {51, 48},
            0, new int[] {47, 39},
            1, new int[] {38, 30},
            2, new int[] {29, 21},
            3, new int[] {20, 12});
    private static final Map<Integer, int[]> INDEX_16K = Map.of(
            0, new int[] {51, 47},
            1, new int[] {46, 36},
            2, new int[] {35, 25},
            3, new int[] {24, 14});
    private static final Map<Integer, int[]> INDEX_64K = Map.of(
            1, new int[] {51, 42},
            2, new int[] {41, 29},
            3, new int[] {28, 16});
    private static final Map<Integer, Integer> RUN_4K = Map.of(1, 34, 2, 25, 3, 16);
    private static final Map<Integer, Integer> RUN_16K = Map.of(2, 30, 3, 21);
    private static final Map<Integer, Integer> RUN_64K = Map.of(2, 34, 3, 21);

    static final SheetTables G4K = new SheetTables(
            12,
            false,
            INDEX_4K,
            Map.of(1, 30, 2, 21),
            List.of(row(47, 12, 12)),
            List.of(row(16, 24, 0), row(25, 33, 1), row(34, 42, 2), row(43, 48, 3)),
            RUN_4K);
    static final SheetTables G4K_WIDE = new SheetTables(
            12,
            true,
            INDEX_4K,
            Map.of(0, 39, 1, 30, 2, 21),
            List.of(row(49, 12, 12), row(51, 50, 8)),
            List.of(row(12, 15, -1), row(16, 24, 0), row(25, 33, 1), row(34, 42, 2), row(43, 48, 3)),
            RUN_4K);
    static final SheetTables G16K = new SheetTables(
            14,
            false,
            INDEX_16K,
            Map.of(2, 25),
            List.of(row(47, 14, 14)),
            List.of(row(16, 16, 0), row(17, 27, 1), row(28, 38, 2), row(39, 48, 3)),
            RUN_16K);
    static final SheetTables G16K_WIDE = new SheetTables(
            14,
            true,
            INDEX_16K,
            Map.of(1, 36, 2, 25),
            List.of(row(49, 14, 14), row(51, 50, 8)),
            List.of(row(12, 16, 0), row(17, 27, 1), row(28, 38, 2), row(39, 48, 3)),
            RUN_16K);
    static final SheetTables G64K = new SheetTables(
            16,
            false,
            INDEX_64K,
            Map.of(2, 29),
            List.of(row(47, 16, 16)),
            List.of(row(16, 21, 1), row(22, 34, 2), row(35, 47, 3)),
            RUN_64K);
    static final SheetTables G64K_WIDE = new SheetTables(
            16,
            true,
            INDEX_64K,
            Map.of(1, 42, 2, 29),
            List.of(row(47, 16, 16), row(51, 48, 12)),
            List.of(row(12, 21, 1), row(22, 34, 2), row(35, 47, 3)),
            RUN_64K);

    static final List<SheetTables> ALL = List.of(G4K, G4K_WIDE, G16K, G16K_WIDE, G64K, G64K_WIDE);

    private static int[] row(int a, int b, int c) {
        return new int[] {a, b, c};
    }

    int startLevel(int txsz) {
        for (int[] row : starts) {
            if (txsz >= row[0] && txsz <= row[1]) {
                return row[2];
            }
        }
        throw new AssertionError("no start level for TxSZ " + txsz);
    }

    int firstTxsz() {
        return starts.get(0)[0];
    }

    int lastTxsz() {
        return starts.get(starts.size() - 1)[1];
    }

    /** Index into the table of a level, where {@code iaSize} input address bits are left. */
    long index(long input, int level, int iaSize) {
        int[] bits = indices.get(level);
        return bits(input, Math.min(bits[0], iaSize - 1), bits[1]);
    }

    /** Bytes of the table that a walk of an input size starts at. */
    long startTableBytes(int txsz) {
        return 8L << 64 - txsz - indices.get(startLevel(txsz))[1];
    }

    /** The address bits of a descriptor from {@code lowest} up. */
    long addressOf(long descriptor, int lowest) {
        BigInteger out = BigInteger.ZERO;
        for (int[] row : address) {
            for (int bit = Math.max(row[1], lowest); bit <= row[0]; bit++) {
                if (BigInteger.valueOf(descriptor).testBit(row[2] + bit - row[1])) {
                    out = out.setBit(bit);
                }
            }
        }
        return out.longValueExact();
    }

    /** {@code descriptor} with the address bits replaced. */
    long withAddress(long descriptor, long target) {
        BigInteger out = BigInteger.valueOf(descriptor);
        for (int[] row : address) {
            for (int bit = row[1]; bit <= row[0]; bit++) {
                int at = row[2] + bit - row[1];
                out = BigInteger.valueOf(target).testBit(bit) ? out.setBit(at) : out.clearBit(at);
            }
        }
        return out.longValue();
    }

    /** Bits {@code msb:lsb} of a number. */
    static long bits(long value, int msb, int lsb) {
        BigInteger unsigned = new BigInteger(Long.toUnsignedString(value));
        return unsigned.mod(BigInteger.TWO.pow(msb + 1))
                .divide(BigInteger.TWO.pow(lsb))
                .longValue();
    }

    @Override
    public String toString() {
        return (1 << pageBits - 10) + "K" + (wide ? " 52-bit" : "");
    }
}
