// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.preset.Parameter;
import org.iommuemu.sweep.Metric;
import org.iommuemu.sweep.PointResult;
import org.jspecify.annotations.Nullable;

/** Which points are better than others. */
final class SweepFront {
    private static final Set<Metric> MORE_IS_BETTER = EnumSet.of(
            Metric.IOTLB_HITS,
            Metric.MICRO_TLB_HITS,
            Metric.FIRST_IOTLB_HITS,
            Metric.ATC_HITS,
            Metric.WALK_CACHE_HITS,
            Metric.AGREED,
            Metric.BANDWIDTH,
            Metric.REQUESTS);

    private static final List<Parameter> POLICIES = List.of(
            Parameter.IOTLB_POLICY,
            Parameter.WALK_CACHE_POLICY,
            Parameter.CONFIGURATION_CACHE_POLICY,
            Parameter.IPA_CACHE_POLICY);

    private SweepFront() {}

    /** The better first; equal ones by cost. */
    static Comparator<PointResult> order(Metric m) {
        Comparator<PointResult> order = Comparator.comparingDouble(r -> r.number(m));
        return (MORE_IS_BETTER.contains(m) ? order.reversed() : order)
                .thenComparingDouble(r -> r.number(Metric.COST))
                .thenComparingInt(r -> r.point().number());
    }

    /** The best of some points, or null if none has the figure. */
    static @Nullable PointResult best(Metric m, List<PointResult> points) {
        return points.stream()
                .filter(r -> Double.isFinite(r.number(m)))
                .min(order(m))
                .orElse(null);
    }

    /** Points that could be built: an oracle cannot. */
    static List<PointResult> realizable(List<PointResult> points) {
        return points.stream().filter(r -> !hasOracle(r)).toList();
    }

    private static boolean hasOracle(PointResult r) {
        return POLICIES.stream().anyMatch(p -> r.point().settings().text(p).equals(ReplacementPolicy.ORACLE.label()));
    }

    /** The Pareto front, cheapest first: of realizable points those than which none is both as cheap and as good. */
    static List<PointResult> of(Metric m, List<PointResult> points) {
        List<PointResult> byCost = realizable(points).stream()
                .filter(r -> Double.isFinite(r.number(m)) && Double.isFinite(r.number(Metric.COST)))
                .sorted(Comparator.comparingDouble((PointResult r) -> r.number(Metric.COST))
                        .thenComparing(order(m)))
                .toList();
        List<PointResult> front = new ArrayList<>();
        for (PointResult r : byCost) {
            double best =
                    front.isEmpty() ? Double.NaN : front.get(front.size() - 1).number(m);
            double value = r.number(m);
            if (front.isEmpty() || (MORE_IS_BETTER.contains(m) ? value > best : value < best)) {
                front.add(r);
            }
        }
        return front;
    }
}
