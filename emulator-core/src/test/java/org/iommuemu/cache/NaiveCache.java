// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Predicate;

/** A cache as a list of rows searched from end to end; the oracle of {@link CacheOracleTest}. */
final class NaiveCache {

    /** One valid entry. */
    record Row(long tag0, long tag1, long value0, long value1) {
        boolean hasTags(final long wanted0, final long wanted1) {
            return tag0 == wanted0 && tag1 == wanted1;
        }
    }

    private final int sets;
    private final int ways;
    private final List<Row> rows = new ArrayList<>();
    private final List<NaivePolicy> policies = new ArrayList<>();

    long hits;
    long misses;
    long fills;
    long evictions;
    long invalidations;
    Row evicted;

    NaiveCache(final CacheGeometry geometry) {
        sets = geometry.sets();
        ways = geometry.ways();
        final SplittableRandom random = new SplittableRandom(geometry.seed());
        for (int set = 0; set < sets; set++) {
            policies.add(NaivePolicy.of(geometry.policy(), ways, random));
            for (int way = 0; way < ways; way++) {
                rows.add(null);
            }
        }
    }

    int probe(final long tag0, final long tag1, final long index) {
        if (sets == 0) {
            return -1;
        }
        final int first = setOf(index) * ways;
        for (int entry = first; entry < first + ways; entry++) {
            final Row row = rows.get(entry);
            if (row != null && row.hasTags(tag0, tag1)) {
                return entry;
            }
        }
        return -1;
    }

    int find(final long tag0, final long tag1, final long index) {
        final int entry = probe(tag0, tag1, index);
        if (entry >= 0) {
            touch(entry);
        }
        return entry;
    }

    int lookup(final long tag0, final long tag1, final long index) {
        final int entry = find(tag0, tag1, index);
        if (entry >= 0) {
            hits++;
        } else {
            misses++;
        }
        return entry;
    }

    void touch(final int entry) {
        policies.get(entry / ways).used(entry % ways);
    }

    int fill(final Row row, final long index) {
        evicted = null;
        if (sets == 0) {
            return -1;
        }
        fills++;
        int entry = probe(row.tag0, row.tag1, index);
        if (entry >= 0) {
            touch(entry);
        } else {
            final int set = setOf(index);
            final NaivePolicy policy = policies.get(set);
            final int invalid = rows.subList(set * ways, set * ways + ways).indexOf(null);
            final int way = invalid >= 0 ? invalid : policy.victim();
            entry = set * ways + way;
            evicted = rows.get(entry);
            evictions += evicted == null ? 0 : 1;
            policy.inserted(way);
        }
        rows.set(entry, row);
        return entry;
    }

    void setValues(final int entry, final long value0, final long value1) {
        rows.set(entry, new Row(rows.get(entry).tag0, rows.get(entry).tag1, value0, value1));
    }

    int invalidateIf(final Predicate<Row> condition) {
        int dropped = 0;
        for (int entry = 0; entry < rows.size(); entry++) {
            if (rows.get(entry) != null && condition.test(rows.get(entry))) {
                rows.set(entry, null);
                dropped++;
            }
        }
        invalidations += dropped;
        return dropped;
    }

    int size() {
        return (int) rows.stream().filter(Objects::nonNull).count();
    }

    /** Entry by entry, invalid ones as null. */
    List<Row> rows() {
        return rows;
    }

    String countersText() {
        return "lookups=" + (hits + misses) + " hits=" + hits + " misses=" + misses + " fills=" + fills + " evictions="
                + evictions + " invalidations=" + invalidations;
    }

    private int setOf(final long index) {
        final BigInteger unsigned = new BigInteger(Long.toUnsignedString(index));
        return unsigned.mod(BigInteger.valueOf(sets)).intValue();
    }
}
