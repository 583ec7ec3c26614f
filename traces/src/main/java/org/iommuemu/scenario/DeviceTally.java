// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How many DMAs of scenarios edu devices have carried out, and why others not. */
public final class DeviceTally {
    private final Map<String, Integer> passedOver = new TreeMap<>();
    private int carriedOut;

    void carriedOut() {
        carriedOut++;
    }

    void passedOver(String reason) {
        passedOver.merge(reason, 1, Integer::sum);
    }

    /** DMAs by edu devices. */
    public int dmas() {
        return carriedOut;
    }

    /** DMAs by an engine instead. */
    public int others() {
        return passedOver.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** For people; nothing if there was no DMA. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        if (carriedOut + others() > 0) {
            lines.add(carriedOut + " DMAs by edu devices, " + others() + " by an engine");
        }
        passedOver.forEach((reason, n) -> lines.add("  " + n + ": " + reason));
        return lines;
    }
}
