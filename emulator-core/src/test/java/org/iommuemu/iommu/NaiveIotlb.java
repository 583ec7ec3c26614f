// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.math.BigInteger;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.iommuemu.cache.SetAssociativeCache;

/** An IOTLB as a set of translations searched from end to end; the oracle of {@link IotlbOracleTest}. */
final class NaiveIotlb {
    private static final BigInteger WORD = BigInteger.TWO.pow(64);

    /**
     * One translation.
     *
     * @param first unsigned
     * @param context tag of the address space, or of those that share a global entry
     */
    record Row(
            BigInteger first,
            int log2,
            int granule,
            boolean global,
            long context,
            long output,
            int permissions,
            long attributes) {
        BigInteger last() {
            return first.add(BigInteger.TWO.pow(log2)).subtract(BigInteger.ONE);
        }

        boolean holds(long address) {
            return meets(unsigned(address), unsigned(address));
        }

        boolean meets(BigInteger from, BigInteger to) {
            return first.compareTo(to) <= 0 && last().compareTo(from) >= 0;
        }

        boolean hasPlaceOf(Row other) {
            return first.equals(other.first)
                    && log2 == other.log2
                    && granule == other.granule
                    && global == other.global
                    && context == other.context;
        }
    }

    private final Set<Row> rows = new HashSet<>();

    static BigInteger unsigned(long value) {
        return BigInteger.valueOf(value).mod(WORD);
    }

    /** The row for an address; {@code output} is where the address itself goes. */
    static Row row(
            long address,
            int log2,
            int granule,
            boolean global,
            long context,
            long output,
            int permissions,
            long attributes) {
        BigInteger size = BigInteger.TWO.pow(log2);
        BigInteger offset = unsigned(address).mod(size);
        return new Row(
                unsigned(address).subtract(offset),
                log2,
                granule,
                global,
                context,
                output - offset.longValueExact(),
                permissions,
                attributes);
    }

    /** What a cache holds, taken apart by the picture in {@link org.iommuemu.paging.EntryTag}. */
    static Set<Row> contentOf(SetAssociativeCache cache) {
        Set<Row> content = new HashSet<>();
        cache.forEach((entry, tag0, tag1, value0, value1) -> {
            BigInteger tag = unsigned(tag0);
            int log2 = tag.mod(BigInteger.valueOf(64)).intValue();
            content.add(new Row(
                    tag.shiftRight(12).shiftLeft(12),
                    log2,
                    tag.shiftRight(7).mod(BigInteger.valueOf(4)).intValue(),
                    tag.testBit(6),
                    tag1,
                    unsigned(value0).shiftRight(12).shiftLeft(12).longValueExact(),
                    unsigned(value0).mod(BigInteger.valueOf(64)).intValue(),
                    value1));
        });
        return content;
    }

    void fill(Row row) {
        rows.removeIf(row::hasPlaceOf);
        rows.add(row);
    }

    Set<Row> rows() {
        return rows;
    }

    /** Takes over what a cache still holds of these rows. */
    void retain(Set<Row> kept) {
        rows.retainAll(kept);
    }

    List<Row> rowsFor(long address, int granule, long own, long global) {
        return rows.stream()
                .filter(r -> r.holds(address) && r.granule == granule && r.context == (r.global ? global : own))
                .toList();
    }

    int drop(Predicate<Row> condition) {
        int before = rows.size();
        rows.removeIf(condition);
        return before - rows.size();
    }
}
