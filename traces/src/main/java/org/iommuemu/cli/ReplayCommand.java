// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.JoinedTrace;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.iommuemu.replay.CaptureReplay;
import org.iommuemu.replay.ReplaySummary;
import org.iommuemu.replay.StaleReport;
import org.iommuemu.replay.TraceReplaySummary;
import org.iommuemu.replay.TraceRun;
import org.iommuemu.replay.joined.DriverReplay;
import org.iommuemu.replay.joined.DriverReplaySummary;
import org.iommuemu.report.DriverReplayJson;
import org.iommuemu.report.DriverReplayText;
import org.iommuemu.report.ReplayHtml;
import org.iommuemu.report.ReplayJson;
import org.iommuemu.report.ReplayText;
import org.iommuemu.report.ResultFile;
import org.iommuemu.report.StaleText;
import org.iommuemu.report.TimingText;
import org.iommuemu.report.TraceReplayJson;
import org.iommuemu.report.TraceReplayText;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code replay}: the main job. */
@Command(
        name = "replay",
        mixinStandardHelpOptions = true,
        description =
                "Replays a capture's DMA trace, commands and tables, or a DMA trace with its own mappings; compares every"
                        + " address with the recorded one.")
final class ReplayCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(
            paramLabel = "CAPTURE",
            description =
                    "a capture folder with a trace, a DMA trace file (docs/traces.md), or with --driver a joined.csv")
    private Path capture = Path.of("");

    @Option(names = "--json", paramLabel = "FILE", description = "write all figures as JSON")
    private @Nullable Path json;

    @Option(names = "--report", paramLabel = "FILE", description = "write a page with charts and tables, one HTML file")
    private @Nullable Path report;

    @Option(
            names = "--detect-stale",
            description = "compare every translation with what the tables say, and the IOTLB at the busy stop; slower")
    private boolean detectStale;

    @Option(
            names = "--lint",
            description = "also print what the recorded software does wrong, before the last line; see docs/smmuv3.md,"
                    + " docs/vtd.md")
    private boolean lint;

    @Option(
            names = "--driver",
            description =
                    "of a joined.csv: hand its map and unmap calls to the model of the driver, and compare the commands that this"
                            + " sends; see docs/driver-replay.md")
    private boolean driver;

    @Mixin
    private MachineOptions machine = new MachineOptions();

    @Mixin
    private CacheOptions caches = new CacheOptions();

    @Mixin
    private TimingOptions timing = new TimingOptions();

    @Mixin
    private TimelineOptions timeline = new TimelineOptions();

    @Override
    public Integer call() {
        if (json != null) {
            ResultFile.check(json);
        }
        if (report != null) {
            ResultFile.check(report);
        }
        timing.check(lint || detectStale);
        timeline.check(timing.isTimed());
        Output.distinct(spec, "--json", "--report", "--hgrm", "--timeline");
        if (timing.isTimed()) {
            caches.refuse(spec, "--preset or --config");
        }
        @Nullable Settings settings = timing.isTimed() ? machine.in(timing.settings()) : null;
        CacheConfiguration geometry = geometry(settings, !driver && Files.isRegularFile(capture));
        if (driver) {
            return replayDriver(geometry);
        }
        if (JoinedTrace.isAlone(capture)) {
            throw new InputException(capture, 0, "has the calls of a kernel", "--driver with it");
        }
        if (Files.isRegularFile(capture)) {
            return replayTrace(settings, geometry);
        }
        if (!Files.isDirectory(capture)) {
            String flaw = Files.exists(capture) ? "is neither a folder nor a regular file" : "does not exist";
            throw new InputException(capture, 0, flaw, "a capture folder or a DMA trace");
        }
        if (machine.first() != null) {
            throw new InputException(machine.first() + " with a capture", "a DMA trace, or none");
        }
        return replayCapture(settings, geometry);
    }

    /** The caches; of a trace that can be replayed more than once, some may have an oracle. */
    private CacheConfiguration geometry(@Nullable Settings settings, boolean repeatable) {
        if (settings == null) {
            return repeatable ? caches.offlineConfiguration() : caches.configuration();
        }
        return repeatable ? MachineParameters.offlineCaches(settings) : MachineParameters.caches(settings);
    }

    private int replayTrace(@Nullable Settings settings, CacheConfiguration geometry) {
        if (lint || detectStale) {
            throw new InputException("--lint or --detect-stale with a DMA trace", "a capture with it");
        }
        TraceRun run = settings == null
                ? new TraceRun(capture, machine.in(Presets.NOTHING), geometry, null)
                : TraceRun.timed(
                        capture,
                        settings,
                        new TraceRun.Timing(timing.outstanding(), timing.window(), timeline.listener()));
        Progress progress = new Progress(Output.err(spec));
        try {
            TraceRun.Result result = run.run(progress);
            double seconds = progress.seconds();
            TraceReplaySummary summary = result.summary();
            @Nullable TimingReport timed = result.timing();
            progress.clear();
            if (timed != null) {
                timing.write(timed);
                timeline.write(timed.transactions());
            }
            if (json != null) {
                ResultFile.write(json, TraceReplayJson.of(summary, timed, seconds));
            }
            if (report != null) {
                ResultFile.write(report, ReplayHtml.of(summary, timed));
            }
            if (timed != null) {
                Output.out(spec).print(TimingText.of(timed));
            }
            Output.out(spec).print(TraceReplayText.of(summary, seconds));
            return summary.agrees() ? Main.DONE : Main.DISAGREED;
        } finally {
            progress.clear();
        }
    }

    private int replayDriver(CacheConfiguration geometry) {
        if (machine.first() != null) {
            throw new InputException("--driver with " + machine.first(), "one of the two");
        }
        if (lint || detectStale || timing.isTimed() || report != null) {
            throw new InputException("--driver with --lint, --detect-stale, --preset or --report", "none of them");
        }
        Progress progress = new Progress(Output.err(spec));
        try (DriverReplay replay = new DriverReplay(JoinedTrace.in(capture), geometry)) {
            DriverReplaySummary summary = replay.run(progress);
            double seconds = progress.seconds();
            progress.clear();
            if (json != null) {
                ResultFile.write(json, DriverReplayJson.of(summary, seconds));
            }
            Output.out(spec).print(DriverReplayText.of(summary, seconds));
            return summary.agrees() ? Main.DONE : Main.DISAGREED;
        } finally {
            progress.clear();
        }
    }

    private int replayCapture(@Nullable Settings settings, CacheConfiguration geometry) {
        Capture opened = Capture.open(capture);
        ReplaySummary summary;
        @Nullable StaleReport stale;
        double seconds;
        LintLog findings;
        @Nullable TimingReport timed;
        Progress progress = new Progress(Output.err(spec));
        try (CaptureReplay replay = new CaptureReplay(opened, geometry, lint)) {
            if (detectStale) {
                replay.detectStale();
            }
            if (settings != null) {
                replay.time(settings, timing.outstanding(), timing.window(), timeline.listener());
            }
            summary = replay.run(progress);
            timed = replay.timing();
            stale = replay.stale();
            seconds = progress.seconds();
            findings = replay.lint();
        } finally {
            progress.clear();
        }
        if (timed != null) {
            timing.write(timed);
            timeline.write(timed.transactions());
        }
        if (json != null) {
            ResultFile.write(json, ReplayJson.of(summary, stale, lint ? findings : null, timed, seconds));
        }
        if (report != null) {
            ResultFile.write(report, ReplayHtml.of(summary, stale, findings, timed));
        }
        if (timed != null) {
            Output.out(spec).print(TimingText.of(timed));
        }
        if (stale != null) {
            Output.out(spec).print(StaleText.of(stale));
        }
        Output.out(spec).print(ReplayText.of(summary, seconds, findings));
        return summary.agrees() && (stale == null || stale.isClean()) ? Main.DONE : Main.DISAGREED;
    }
}
