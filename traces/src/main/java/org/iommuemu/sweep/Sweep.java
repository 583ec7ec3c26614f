// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.preset.Parameter;
import org.jspecify.annotations.Nullable;

/**
 * One study: which machines are compared on which traces.
 *
 * @param name of the study
 * @param traces names of its traces
 * @param presets names of presets, or {@link #NO_PRESET}
 * @param timed whether accesses take time
 * @param outstanding accesses of a closed loop, or 0 for the times of the trace
 * @param window the accesses that are counted, of a timed one
 * @param fixed values that all points have
 * @param grid parameters with the values that are crossed; none, if there are only points by hand
 * @param sample what is taken of the cross product, or null for all of it
 * @param points points by hand: for each trace and preset, on top of {@code fixed}
 * @param report what the report is asked to show, by its own keys
 */
public record Sweep(
        String name,
        List<String> traces,
        List<String> presets,
        boolean timed,
        int outstanding,
        MeasureWindow window,
        Map<Parameter, String> fixed,
        Map<Parameter, List<String>> grid,
        @Nullable Sample sample,
        List<Map<Parameter, String>> points,
        Map<String, List<String>> report) {
    /** Instead of a preset: every value as usual. */
    public static final String NO_PRESET = "none";

    /**
     * A random sample without repetition.
     *
     * @param points how many; all, if there are not that many
     * @param seed of the choice
     */
    public record Sample(long points, long seed) {}

    /** Takes copies that keep their order. */
    public Sweep {
        traces = List.copyOf(traces);
        presets = List.copyOf(presets);
        fixed = Collections.unmodifiableMap(new LinkedHashMap<>(fixed));
        grid = Collections.unmodifiableMap(new LinkedHashMap<>(grid));
        points = points.stream()
                .map(p -> Collections.unmodifiableMap(new LinkedHashMap<>(p)))
                .toList();
        report = Collections.unmodifiableMap(new LinkedHashMap<>(report));
    }

    /** Parameters that differ between points, in the order of the file. */
    public List<Parameter> varied() {
        List<Parameter> all = new ArrayList<>(grid.keySet());
        for (Map<Parameter, String> point : points) {
            for (Parameter p : point.keySet()) {
                if (!all.contains(p)) {
                    all.add(p);
                }
            }
        }
        return all;
    }
}
