// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.iommuemu.preset.Parameter;
import org.iommuemu.time.RandomStream;

/** The points of one study: a cross product or a sample of it, then the points by hand. */
final class Grid {
    /** Takes the points in their order. */
    @FunctionalInterface
    interface Taker {
        /** Takes one. */
        void take(String trace, String preset, Map<Parameter, String> varied);
    }

    private final Sweep sweep;
    private final List<Parameter> axes;

    Grid(Sweep sweep) {
        this.sweep = sweep;
        axes = List.copyOf(sweep.grid().keySet());
    }

    /** How many points it has; {@link Long#MAX_VALUE} where that is more than can be counted. */
    long points() {
        long byHand = (long) sweep.points().size()
                * sweep.traces().size()
                * sweep.presets().size();
        return saturated(taken() + byHand);
    }

    private long taken() {
        long all = crossed();
        Sweep.Sample sample = sweep.sample();
        return sample == null ? all : Math.min(all, sample.points());
    }

    private static long saturated(long sum) {
        return sum < 0 ? Long.MAX_VALUE : sum;
    }

    /** Points of the cross product with traces and presets. */
    private long crossed() {
        if (axes.isEmpty() && !sweep.points().isEmpty()) {
            return 0;
        }
        long all = (long) sweep.traces().size() * sweep.presets().size();
        for (List<String> values : sweep.grid().values()) {
            if (all > Long.MAX_VALUE / values.size()) {
                return Long.MAX_VALUE;
            }
            all *= values.size();
        }
        return all;
    }

    void forEach(Taker taker) {
        Sweep.Sample sample = sweep.sample();
        long all = crossed();
        if (sample == null || sample.points() >= all) {
            for (long i = 0; i < all; i++) {
                crossed(i, taker);
            }
        } else {
            chosen(all, sample).forEach(i -> crossed(i, taker));
        }
        for (String trace : sweep.traces()) {
            for (String preset : sweep.presets()) {
                sweep.points().forEach(p -> taker.take(trace, preset, p));
            }
        }
    }

    /** Numbers without repetition, all sets of them equally likely (Floyd's algorithm), in order. */
    private static Set<Long> chosen(long all, Sweep.Sample sample) {
        RandomStream random = new RandomStream(sample.seed());
        Set<Long> chosen = new TreeSet<>();
        for (long i = all - sample.points(); i < all; i++) {
            long drawn = random.nextBelow(i + 1);
            chosen.add(chosen.contains(drawn) ? i : drawn);
        }
        return chosen;
    }

    /** A point of the cross product by its number, the last parameter counting fastest. */
    private void crossed(long number, Taker taker) {
        long rest = number;
        List<String> values = new ArrayList<>();
        for (int i = axes.size() - 1; i >= 0; i--) {
            List<String> legal = sweep.grid().getOrDefault(axes.get(i), List.of());
            values.add(0, legal.get((int) (rest % legal.size())));
            rest /= legal.size();
        }
        Map<Parameter, String> varied = new LinkedHashMap<>();
        for (int i = 0; i < axes.size(); i++) {
            varied.put(axes.get(i), values.get(i));
        }
        int presets = sweep.presets().size();
        taker.take(sweep.traces().get((int) (rest / presets)), sweep.presets().get((int) (rest % presets)), varied);
    }
}
