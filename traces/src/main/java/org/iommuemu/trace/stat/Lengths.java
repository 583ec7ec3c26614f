// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.stat;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.agrona.collections.Long2LongHashMap;

/** How long accesses are. */
public final class Lengths {
    /** So many different ones are counted by themselves. */
    private static final int MOST_EXACT = 1 << 12;

    private final Long2LongHashMap exact = new Long2LongHashMap(0);
    private final PowerHistogram powers = new PowerHistogram();

    void add(long length) {
        powers.add(length);
        long count = exact.get(length);
        if (count > 0 || exact.size() < MOST_EXACT) {
            exact.put(length, count + 1);
        }
    }

    /** How many there are of each power of two bytes. */
    public PowerHistogram powers() {
        return powers;
    }

    /** How many different ones there are; 4,096 if there are more. */
    public int different() {
        return exact.size();
    }

    /** The most frequent of the first 4,096 different ones, and how often; the most frequent first. */
    public Map<Long, Long> frequent(int most) {
        return exact.entrySet().stream()
                .map(e -> Map.entry(e.getKey(), e.getValue()))
                .sorted(Map.Entry.<Long, Long>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(most)
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, LinkedHashMap::new));
    }
}
