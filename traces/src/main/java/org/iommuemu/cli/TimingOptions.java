// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.iommuemu.capture.InputException;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.preset.PathSettings;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.iommuemu.report.ResultFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that make a replay timed. */
final class TimingOptions {
    private static final int MOST_OUTSTANDING = 1 << 16;
    private static final long MOST_ACCESSES = 1L << 48;
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

    @Option(names = "--skip", paramLabel = "N", description = "translate the first N accesses without giving them time")
    private @Nullable Long skip;

    @Option(names = "--warm-up", paramLabel = "N", description = "after that, time N accesses without counting them")
    private @Nullable Long warmUp;

    @Option(
            names = "--measure",
            paramLabel = "N",
            description = "after that, count N accesses, and translate the rest without giving them time")
    private @Nullable Long measure;

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
        range("--skip", skip, 0);
        range("--warm-up", warmUp, 0);
        range("--measure", measure, 1);
        if (hgrm != null) {
            ResultFile.check(hgrm);
        }
    }

    private void range(String option, @Nullable Long value, long least) {
        if (value != null && !isTimed()) {
            throw new InputException(option + " without a machine", "--preset or --config with it");
        }
        if (value != null && (value < least || value > MOST_ACCESSES)) {
            throw new InputException(option + " is " + value, "a number from " + least + " to " + MOST_ACCESSES);
        }
    }

    Settings settings() {
        Settings base = preset == null ? Presets.NOTHING : Presets.named(preset);
        Settings all = config == null ? base : Presets.read(config, base);
        PathSettings.check(all);
        return all;
    }

    int outstanding() {
        return closedLoop == null ? 0 : closedLoop;
    }

    /** The accesses that are counted. */
    MeasureWindow window() {
        return new MeasureWindow(
                skip == null ? 0 : skip, warmUp == null ? 0 : warmUp, measure == null ? MeasureWindow.ALL : measure);
    }

    /**
     * Writes what is to be written.
     *
     * @throws InputException if the trace has ended before anything could be counted
     */
    void write(TimingReport report) {
        if (report.transactions() == 0 && report.window().first() > 0) {
            throw new InputException(
                    "--skip and --warm-up take all accesses of the trace",
                    "fewer than " + report.window().first());
        }
        if (hgrm != null) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8);
            report.latencies().all().histogram().outputPercentileDistribution(out, TICKS, NANOSECOND);
            out.flush();
            ResultFile.write(hgrm, bytes.toString(StandardCharsets.UTF_8));
        }
    }
}
