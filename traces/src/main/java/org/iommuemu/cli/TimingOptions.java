// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.iommuemu.capture.InputException;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.iommuemu.replay.TimingReport;
import org.iommuemu.report.ResultFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that make a replay timed. */
final class TimingOptions {
    private static final int MOST_OUTSTANDING = 1 << 16;
    private static final double NANOSECOND = 1000;
    private static final int TICKS = 5;

    @Option(
            names = "--preset",
            paramLabel = "NAME",
            description = "time the replay on the machine of a preset, see presets")
    private @Nullable String preset;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "time the replay on the machine of a YAML file, on top of --preset if that is given")
    private @Nullable Path config;

    @Option(
            names = "--closed-loop",
            paramLabel = "N",
            description = "keep N accesses under way, instead of taking the times of the trace")
    private @Nullable Integer closedLoop;

    @Option(
            names = "--hgrm",
            paramLabel = "FILE",
            description = "write the latencies in ns as an HdrHistogram percentile file")
    private @Nullable Path hgrm;

    /** Whether anything of it was asked for. */
    boolean isTimed() {
        return preset != null || config != null;
    }

    /**
     * Checks what can be checked before long work.
     *
     * @throws InputException if options do not go together, or a value is out of range
     */
    void check(boolean watched) {
        if (!isTimed() && (closedLoop != null || hgrm != null)) {
            throw new InputException("--closed-loop or --hgrm without a machine", "--preset or --config with it");
        }
        if (isTimed() && watched) {
            throw new InputException("--preset or --config with --lint or --detect-stale", "one of the two");
        }
        if (closedLoop != null && (closedLoop < 1 || closedLoop > MOST_OUTSTANDING)) {
            throw new InputException("--closed-loop is " + closedLoop, "a number from 1 to " + MOST_OUTSTANDING);
        }
        if (hgrm != null) {
            ResultFile.check(hgrm);
        }
    }

    Settings settings() {
        Settings base = preset == null ? Presets.NOTHING : Presets.named(preset);
        return config == null ? base : Presets.read(config, base);
    }

    int outstanding() {
        return closedLoop == null ? 0 : closedLoop;
    }

    void write(TimingReport report) {
        if (hgrm != null) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8);
            report.latencies().outputPercentileDistribution(out, TICKS, NANOSECOND);
            out.flush();
            ResultFile.write(hgrm, bytes.toString(StandardCharsets.UTF_8));
        }
    }
}
