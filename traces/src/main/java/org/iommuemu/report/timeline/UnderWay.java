// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.timeline;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.iommuemu.iommu.timing.Journey.Outcome;
import org.iommuemu.report.timeline.Timeline.Slice;

/** How many transactions are under way, moment by moment, as far as they were kept. */
final class UnderWay {
    /** Takes one value of one counter. */
    @FunctionalInterface
    interface Counter {
        /**
         * A counter changes.
         *
         * @param at in ns
         */
        void changes(String name, long at, long value) throws IOException;
    }

    private UnderWay() {}

    /** Tells every change of every counter, one counter after the other, each in the order of time. */
    static void counts(List<Slice> slices, Counter counter) throws IOException {
        count("reads under way", slices, s -> !s.write(), counter);
        count("writes under way", slices, Slice::write, counter);
        count("misses under way", slices, s -> s.outcome() == Outcome.MISS, counter);
    }

    private static void count(String name, List<Slice> slices, Predicate<Slice> which, Counter counter)
            throws IOException {
        Map<Long, Long> changes = new TreeMap<>();
        for (Slice s : slices) {
            if (which.test(s)) {
                changes.merge(TimelineJson.nanoseconds(s.start()), 1L, Long::sum);
                changes.merge(TimelineJson.nanoseconds(s.end()), -1L, Long::sum);
            }
        }
        long value = 0;
        for (Map.Entry<Long, Long> e : changes.entrySet()) {
            if (e.getValue() != 0) {
                value += e.getValue();
                counter.changes(name, e.getKey(), value);
            }
        }
    }
}
