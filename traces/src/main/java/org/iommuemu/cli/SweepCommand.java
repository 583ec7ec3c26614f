// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.iommuemu.capture.InputException;
import org.iommuemu.report.ResultFile;
import org.iommuemu.sweep.LocalEngine;
import org.iommuemu.sweep.PointResult;
import org.iommuemu.sweep.PointStore;
import org.iommuemu.sweep.SweepCsv;
import org.iommuemu.sweep.SweepFile;
import org.iommuemu.sweep.SweepPlan;
import org.iommuemu.sweep.SweepPoint;
import org.iommuemu.sweep.SweepResults;
import org.iommuemu.sweep.TraceFiles;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sweep}: many replays, compared. */
@Command(
        name = "sweep",
        mixinStandardHelpOptions = true,
        description =
                "Replays traces on many machines - parameters x traces x presets - and tabulates what came of it.")
final class SweepCommand implements Callable<Integer> {
    private static final int MOST_THREADS = 1024;

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "what is to be swept, in YAML (docs/sweep.md)")
    private Path file = Path.of("");

    @Option(names = "--output", paramLabel = "DIR", description = "folder for the results")
    private @Nullable Path output;

    @Option(names = "--threads", paramLabel = "N", description = "points at once (default: as many as processors)")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--resume", description = "go on with what is in the folder; finished points are not run again")
    private boolean resume;

    @Option(names = "--dry-run", description = "list the points, and run none")
    private boolean dryRun;

    @Option(
            names = "--max-points",
            paramLabel = "N",
            description = "refuse to run more points than that (default: ${DEFAULT-VALUE})")
    private long maxPoints = 100_000;

    @Override
    public Integer call() {
        if (threads < 1 || threads > MOST_THREADS) {
            throw new InputException("--threads is " + threads, "a number from 1 to " + MOST_THREADS);
        }
        SweepFile sweep = SweepFile.read(file);
        TraceFiles.check(sweep);
        SweepPlan outline = SweepPlan.of(sweep, Map.of(), maxPoints);
        if (dryRun) {
            outline.points().forEach(p -> Output.out(spec).println(p.label()));
            return Main.DONE;
        }
        if (output == null) {
            throw new InputException("no folder for the results", "--output DIR");
        }
        try (PointStore store = PointStore.open(output, resume)) {
            TraceFiles traces = TraceFiles.prepare(sweep, store.traces());
            SweepPlan plan = SweepPlan.of(sweep, traces.digests(), maxPoints);
            store.begin(plan);
            long start = System.nanoTime();
            List<SweepPoint> missing = missing(plan, store);
            new LocalEngine(threads).run(missing, traces::file, store::add);
            SweepResults results = new SweepResults(
                    plan, plan.points().stream().map(p -> result(store, p)).toList());
            ResultFile.write(store.file("results.csv"), SweepCsv.of(results));
            return summary(results, missing.size(), (System.nanoTime() - start) / 1e9);
        }
    }

    private int summary(SweepResults results, int run, double seconds) {
        results.failed().forEach(r -> Output.out(spec).println(r.point().label() + ": " + r.failure()));
        Output.out(spec)
                .printf(
                        Locale.ROOT,
                        "%,d points, %,d failed, %,d run in %.1f s%n",
                        results.results().size(),
                        results.failed().size(),
                        run,
                        seconds);
        return results.failed().isEmpty() ? Main.DONE : Main.DISAGREED;
    }

    /** Points to run, one for each id. */
    private static List<SweepPoint> missing(SweepPlan plan, PointStore store) {
        Set<String> ids = new HashSet<>();
        List<SweepPoint> missing = new ArrayList<>();
        for (SweepPoint p : plan.points()) {
            if (store.result(p) == null && ids.add(p.id())) {
                missing.add(p);
            }
        }
        return missing;
    }

    private static PointResult result(PointStore store, SweepPoint point) {
        PointResult result = store.result(point);
        if (result == null) {
            throw new IllegalStateException(point.label() + " has no result");
        }
        return result;
    }
}
