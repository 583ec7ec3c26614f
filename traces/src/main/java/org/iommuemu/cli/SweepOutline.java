// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.util.Locale;
import org.iommuemu.sweep.PointFunction;
import org.iommuemu.sweep.SweepPlan;
import org.iommuemu.sweep.SweepPoint;
import org.iommuemu.sweep.TraceSource;

/** What a sweep would do. */
final class SweepOutline {
    /** Records a second and thread, to guess with. */
    private static final double FUNCTIONAL = 15e6;
    /** With times. */
    private static final double TIMED = 3e6;

    private static final double MILLION = 1e6;

    private SweepOutline() {}

    /** A line for each point, and one for all. */
    static String of(SweepPlan plan, int threads) {
        StringBuilder out = new StringBuilder();
        long records = 0;
        double seconds = 0;
        int flawed = 0;
        for (SweepPoint p : plan.points()) {
            String flaw = PointFunction.flaw(p);
            out.append(p.label());
            if (flaw == null) {
                TraceSource trace = plan.file().trace(p.trace());
                long its = trace.records(plan.file().file());
                records += its;
                seconds += its / (p.timed() ? TIMED : FUNCTIONAL);
            } else {
                flawed++;
                out.append(" fails: ").append(flaw);
            }
            out.append('\n');
        }
        return out.append(String.format(
                        Locale.ROOT,
                        "%,d points, %,d of them fail; about %,.1f M records, some %,.0f s on %d threads%n",
                        plan.points().size(),
                        flawed,
                        records / MILLION,
                        Math.max(1, seconds / threads),
                        threads))
                .toString();
    }
}
