// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.util.Arrays;
import java.util.List;

/**
 * What came of a plan.
 *
 * @param plan the plan
 * @param results of its points, in its order
 */
public record SweepResults(SweepPlan plan, List<PointResult> results) {
    /** Takes a copy. */
    public SweepResults {
        results = List.copyOf(results);
    }

    /** Points of one study. */
    public List<PointResult> of(Sweep sweep) {
        return results.stream()
                .filter(r -> r.point().sweep().equals(sweep.name()))
                .toList();
    }

    /** Points that have no figures. */
    public List<PointResult> failed() {
        return results.stream().filter(PointResult::isFailed).toList();
    }

    /** Columns that at least one point has, in their order. */
    public List<Metric> metrics() {
        return Arrays.stream(Metric.values())
                .filter(m -> results.stream().anyMatch(r -> r.values().containsKey(m)))
                .toList();
    }
}
