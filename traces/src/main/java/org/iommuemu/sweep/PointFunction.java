// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.nio.file.Path;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.OneLine;
import org.iommuemu.preset.PathSettings;
import org.iommuemu.preset.TraceSettings;
import org.iommuemu.replay.TraceRun;
import org.jspecify.annotations.Nullable;

/**
 * What a point comes to. The same on every machine, in any order and any company: it reads the point and the trace, and nothing else.
 */
public final class PointFunction {
    private PointFunction() {}

    /**
     * Replays a point.
     *
     * @param trace its trace, wherever that is here; only its name in the point gets into the result
     * @return its figures, or why it has none: settings that do not go together, a trace that is damaged or cannot be mapped
     */
    public static PointResult evaluate(SweepPoint point, Path trace) {
        try {
            TraceRun run = point.timed()
                    ? TraceRun.timed(
                            trace, point.settings(), new TraceRun.Timing(point.outstanding(), point.window(), null))
                    : TraceRun.functional(trace, point.settings());
            return new PointResult(point, PointFigures.of(point, run.run(records -> {})), null);
        } catch (InputException e) {
            String why = String.valueOf(e.getMessage());
            String file = trace.toString();
            return PointResult.failed(point, why.startsWith(file) ? point.trace() + why.substring(file.length()) : why);
        } catch (RuntimeException e) {
            // A flaw of this program: the point says so, and the others go on.
            StackTraceElement[] at = e.getStackTrace();
            return PointResult.failed(
                    point, OneLine.of("internal error: " + e + (at.length == 0 ? "" : " at " + at[0])));
        }
    }

    /** Why a point cannot have figures, whatever its trace; or null. */
    public static @Nullable String flaw(SweepPoint point) {
        try {
            if (point.timed()) {
                PathSettings.check(point.settings());
            }
            TraceSettings.of(point.settings());
            StorageCost.bits(point.settings(), point.timed());
            return null;
        } catch (InputException e) {
            return e.getMessage();
        }
    }
}
