// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.iommuemu.capture.Capture;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.Settings;
import org.iommuemu.replay.CaptureReplay;
import org.iommuemu.replay.ReplaySummary;
import org.iommuemu.replay.StaleReport;
import org.iommuemu.report.ReplayHtml;
import org.iommuemu.report.ReplayJson;
import org.iommuemu.report.ReplayText;
import org.iommuemu.report.ResultFile;
import org.iommuemu.report.StaleText;
import org.iommuemu.report.TimingText;
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
                "Replays a capture's DMA trace, commands and tables; compares every address with the recorded one.")
final class ReplayCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "CAPTURE", description = "a capture folder with a trace")
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
        if (timing.isTimed()) {
            caches.refuse(spec, "--preset or --config");
        }
        @Nullable Settings settings = timing.isTimed() ? timing.settings() : null;
        CacheConfiguration geometry = settings == null ? caches.configuration() : MachineParameters.caches(settings);
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
        if (json != null) {
            ResultFile.write(json, ReplayJson.of(summary, stale, lint ? findings : null, timed, seconds));
        }
        if (timed != null) {
            timing.write(timed);
            timeline.write(timed.transactions());
            Output.out(spec).print(TimingText.of(timed));
        }
        if (report != null) {
            ResultFile.write(report, ReplayHtml.of(summary, stale, findings, timed));
        }
        if (stale != null) {
            Output.out(spec).print(StaleText.of(stale));
        }
        Output.out(spec).print(ReplayText.of(summary, seconds, findings));
        return summary.agrees() && (stale == null || stale.isClean()) ? Main.DONE : Main.DISAGREED;
    }
}
