// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.capture.InputException;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;

/**
 * Every point of a sweep's file, in order: study by study, and in each by trace, by preset, by the parameters as they stand in the
 * file, the last one fastest; then the points by hand.
 *
 * @param file the sweep's file
 * @param points numbered from 1
 */
public record SweepPlan(SweepFile file, List<SweepPoint> points) {
    /** Takes a copy. */
    public SweepPlan {
        points = List.copyOf(points);
    }

    /**
     * Lists all points.
     *
     * @param digests SHA-256 of each trace, by its name
     * @param most points
     * @throws InputException if there are more
     */
    public static SweepPlan of(SweepFile file, Map<String, String> digests, long most) {
        long all = 0;
        for (Sweep sweep : file.sweeps()) {
            all = Math.addExact(all, new Grid(sweep).points());
            if (all > most) {
                throw new InputException(
                        file.file(),
                        0,
                        "has " + (all == Long.MAX_VALUE ? "too many" : "at least " + all) + " points",
                        "at most " + most + ", or a sample, or --max-points with a larger number");
            }
        }
        List<SweepPoint> points = new ArrayList<>();
        for (Sweep sweep : file.sweeps()) {
            new Grid(sweep)
                    .forEach((trace, preset, varied) -> points.add(
                            point(points.size() + 1, sweep, trace, digests.getOrDefault(trace, ""), preset, varied)));
        }
        return new SweepPlan(file, points);
    }

    private static SweepPoint point(
            int number, Sweep sweep, String trace, String digest, String preset, Map<Parameter, String> varied) {
        Settings base = preset.equals(Sweep.NO_PRESET) ? Presets.NOTHING : Presets.named(preset);
        Map<Parameter, String> values = new EnumMap<>(Parameter.class);
        values.putAll(base.values());
        values.putAll(sweep.fixed());
        values.putAll(varied);
        Map<String, String> keys = new LinkedHashMap<>();
        varied.forEach((p, value) -> keys.put(p.key(), value));
        return new SweepPoint(
                number,
                sweep.name(),
                trace,
                digest,
                preset,
                keys,
                new Settings(preset, base.title(), List.of(), values, Map.of()),
                sweep.timed(),
                sweep.outstanding(),
                sweep.window());
    }

    /** Keys of parameters by which points of any study differ, in the order of the file. */
    public List<String> varied() {
        return file.sweeps().stream()
                .flatMap(s -> s.varied().stream())
                .map(Parameter::key)
                .distinct()
                .toList();
    }

    /** What tells it from any other plan: SHA-256, in hexadecimal. */
    public String digest() {
        StringBuilder all = new StringBuilder();
        points.forEach(p -> all.append(p.canonical()).append('\n'));
        return Digest.ofText(all.toString());
    }
}
