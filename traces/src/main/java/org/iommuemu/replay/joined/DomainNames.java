// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.capture.JoinedRow;

/** Which ASID or domain id of ours is which recorded one: they are numbered by who hands them out, and paired where both are first used. */
final class DomainNames {
    private final Map<Integer, Integer> recorded = new TreeMap<>();
    private final Map<Integer, Integer> ours = new TreeMap<>();

    /** Pairs two that are not paired yet; nothing if one of them is. */
    void pair(int recordedDomain, int ourDomain) {
        if (recordedDomain != JoinedRow.NONE
                && ourDomain != JoinedRow.NONE
                && !recorded.containsKey(ourDomain)
                && !ours.containsKey(recordedDomain)) {
            recorded.put(ourDomain, recordedDomain);
            ours.put(recordedDomain, ourDomain);
        }
    }

    /** The recorded number of one of ours, or {@code free} if that is not paired either, else {@link JoinedRow#NONE}. */
    int recorded(int ourDomain, int free) {
        Integer known = recorded.get(ourDomain);
        if (known != null) {
            return known;
        }
        return ourDomain != JoinedRow.NONE && !ours.containsKey(free) ? free : JoinedRow.NONE;
    }

    /** Recorded numbers and ours. */
    Map<Integer, Integer> pairs() {
        return new TreeMap<>(ours);
    }
}
