// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.nio.file.Path;
import org.iommuemu.capture.InputException;
import org.iommuemu.replay.TraceRun;

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
            return PointResult.failed(
                    point,
                    why.startsWith(trace.toString())
                            ? point.trace() + why.substring(trace.toString().length())
                            : why);
        }
    }
}
