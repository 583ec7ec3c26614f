// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.nio.file.Path;
import org.iommuemu.capture.InputException;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.measure.TransactionListener;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.PathSettings;
import org.iommuemu.preset.Settings;
import org.iommuemu.preset.TraceSettings;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceReader;
import org.jspecify.annotations.Nullable;

/**
 * A trace file that is to be replayed from its first record to its last on a machine of settings. A run can be repeated: it makes a
 * machine anew each time, and gives the same result.
 *
 * @param trace the file
 * @param settings of the machine; without {@code timing} only what they say of {@code machine} counts
 * @param caches of the machine, as a rule {@link MachineParameters#caches} of the settings
 * @param timing how accesses get their times, or null if they take none
 */
public record TraceRun(
        Path trace,
        Settings settings,
        CacheConfiguration caches,
        @Nullable Timing timing) {
    /** Takes the settings with what they leave open. */
    public TraceRun {
        settings = TraceSettings.complete(settings);
    }

    /**
     * How accesses get their times.
     *
     * @param outstanding accesses under way at once, each beginning when an earlier one is over; 0 for the times of the trace
     * @param window the accesses that are counted
     * @param listener is shown these, or null
     */
    public record Timing(
            int outstanding, MeasureWindow window, @Nullable TransactionListener listener) {}

    /**
     * What came of it.
     *
     * @param summary the machine's figures
     * @param timing what was measured, or null if accesses took no time
     */
    public record Result(
            TraceReplaySummary summary, @Nullable TimingReport timing) {}

    /**
     * A run whose accesses take no time.
     *
     * @throws InputException if the settings do not go together
     */
    public static TraceRun functional(Path trace, Settings settings) {
        return new TraceRun(trace, settings, MachineParameters.offlineCaches(settings), null);
    }

    /**
     * A run whose accesses take time.
     *
     * @throws InputException if the settings do not go together
     */
    public static TraceRun timed(Path trace, Settings settings, Timing timing) {
        PathSettings.check(settings);
        MachineParameters.checkOracle(settings);
        return new TraceRun(trace, settings, MachineParameters.offlineCaches(settings), timing);
    }

    /** A replay that has not begun, on a machine with other caches. */
    TraceReplay replay(CacheConfiguration with) {
        return new TraceReplay(with, TraceSettings.of(settings), timing != null && PathSettings.hasAtcs(settings));
    }

    /**
     * Replays all of it: several times, if a cache has the policy {@link org.iommuemu.cache.ReplacementPolicy#ORACLE}.
     *
     * @throws InputException if the trace is missing or damaged, or wants what the machine does not have
     */
    public Result run(ProgressListener progress) {
        OraclePasses oracle = new OraclePasses(this, progress);
        try (TraceReader reader = TraceEncoding.open(trace);
                TraceReplay replay = replay(caches)) {
            oracle.foretell(replay);
            if (timing != null) {
                replay.time(settings, timing.outstanding(), timing.window(), timing.listener());
            }
            replay.run(reader, progress);
            oracle.check(replay);
            return new Result(replay.summary(trace.toString()), replay.timing());
        }
    }
}
