// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How often runs have reached what they are for, so that they cannot become hollow unseen. */
final class Coverage {
    private final Map<String, Long> counts = new TreeMap<>();

    void count(String what, long times) {
        counts.merge(what, times, Long::sum);
    }

    /** Those that never happened. */
    List<String> missing(List<String> expected) {
        List<String> missing = new ArrayList<>(expected);
        missing.removeIf(what -> counts.getOrDefault(what, 0L) > 0);
        return missing;
    }

    @Override
    public String toString() {
        return counts.toString();
    }
}
