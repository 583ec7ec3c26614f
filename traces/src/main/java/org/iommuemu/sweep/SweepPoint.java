// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.preset.Settings;

/**
 * One replay: a machine, and a trace for it.
 *
 * @param number from 1, in the order of the plan
 * @param sweep name of the study that it is part of
 * @param trace name of the trace
 * @param digest SHA-256 of the trace's bytes, in hexadecimal
 * @param preset name of the preset, or {@link Sweep#NO_PRESET}
 * @param varied keys and values by which it differs from others of its study
 * @param settings of the machine, all of them
 * @param timed whether accesses take time
 * @param outstanding accesses of a closed loop, or 0 for the times of the trace
 * @param window the accesses that are counted, of a timed one
 */
public record SweepPoint(
        int number,
        String sweep,
        String trace,
        String digest,
        String preset,
        Map<String, String> varied,
        Settings settings,
        boolean timed,
        int outstanding,
        MeasureWindow window) {
    /** Takes copies. */
    public SweepPoint {
        varied = Collections.unmodifiableMap(new LinkedHashMap<>(varied));
    }

    /**
     * What is replayed, whatever it is called: two points of the same id have the same figures. 16 hexadecimal digits.
     */
    public String id() {
        return PointText.id(this);
    }

    /** One line from which {@link #parse} makes the point again. */
    public String canonical() {
        return PointText.of(this);
    }

    /**
     * The point of a line.
     *
     * @throws IllegalArgumentException if it is no such line
     */
    public static SweepPoint parse(String line) {
        return PointText.parse(line);
    }

    /** How results and messages call it. */
    public String label() {
        StringBuilder text = new StringBuilder("point " + number + " (" + sweep + ", " + trace);
        if (!preset.equals(Sweep.NO_PRESET)) {
            text.append(", ").append(preset);
        }
        varied.forEach((key, value) -> text.append(", ").append(key).append(' ').append(value));
        return text.append(')').toString();
    }
}
