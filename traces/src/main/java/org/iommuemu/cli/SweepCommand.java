// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.io.PrintWriter;
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
import org.iommuemu.report.SweepHtml;
import org.iommuemu.sweep.LocalEngine;
import org.iommuemu.sweep.PointCost;
import org.iommuemu.sweep.PointFunction;
import org.iommuemu.sweep.PointResult;
import org.iommuemu.sweep.PointStore;
import org.iommuemu.sweep.SweepCsv;
import org.iommuemu.sweep.SweepFile;
import org.iommuemu.sweep.SweepJson;
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
        sortOptions = false,
        description = {
            "Replays DMA traces on many machines - parameters x presets x traces - and tabulates what came of it.",
            "",
            "FILE has, for example:",
            "  traces:",
            "    - file: nvme.trace                # beside FILE",
            "    - generate: {pattern: uniform, tenants: 2, records: 1000000, seed: 1}",
            "    - import: {input: capture}        # what 'trace import' reads",
            "  presets: [none, arm-mmu-600]        # see 'iommu-emu presets'",
            "  timed: true                         # latencies too; without it, misses and walks only",
            "  parameters:                         # every combination is a point",
            "    iotlb.entries: [16, 64, 256]",
            "    iotlb.policy: [lru, random]",
            "",
            "DIR gets results.csv, results.json and report.html. A run that was interrupted goes on with --resume.",
            "Exit status: 0 done, 1 done but some points failed, 2 bad input.",
            "",
            "All keys and columns: docs/sweep.md.",
            ""
        })
final class SweepCommand implements Callable<Integer> {
    private static final int MOST_THREADS = 1024;
    private static final int MOST_POINTS = 10_000_000;
    private static final int MOST_SHOWN = 20;

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "what is to be swept, in YAML")
    private Path file = Path.of("");

    @Option(names = "--output", paramLabel = "DIR", description = "folder for the results; it is made")
    private @Nullable Path output;

    @Option(names = "--resume", description = "go on with what is in the folder; finished points are not run again")
    private boolean resume;

    @Option(
            names = "--only",
            paramLabel = "NAME",
            split = ",",
            description = "only these of the file's sweeps, separated by commas")
    private List<String> only = List.of();

    @Option(names = "--dry-run", description = "list the points and what they cost, and run none")
    private boolean dryRun;

    @Option(names = "--threads", paramLabel = "N", description = "points at once (default: as many as processors)")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--max-points",
            paramLabel = "N",
            description = "refuse to run more points than that (default: ${DEFAULT-VALUE})")
    private long maxPoints = 100_000;

    @Option(
            names = "--engine",
            paramLabel = "E",
            description =
                    "local, on threads of this machine; or spark, which is submitted otherwise, see docs/scaling.md"
                            + " (default: ${DEFAULT-VALUE})")
    private String engine = "local";

    @Override
    public Integer call() {
        check();
        SweepFile all = SweepFile.read(file);
        SweepFile sweep = only.isEmpty() ? all : all.only(only);
        TraceFiles.check(sweep);
        SweepPlan outline = SweepPlan.of(sweep, Map.of(), maxPoints);
        List<SweepPoint> flawed = outline.points().stream()
                .filter(p -> PointFunction.flaw(p) != null)
                .toList();
        if (dryRun) {
            Output.out(spec).print(SweepOutline.of(outline, threads));
            return Main.DONE;
        }
        if (flawed.size() == outline.points().size()) {
            SweepPoint first = flawed.get(0);
            throw new InputException(
                    file,
                    0,
                    "has no point that can be: " + first.label() + ": " + PointFunction.flaw(first),
                    "at least one");
        }
        if (output == null) {
            throw new InputException("no folder for the results", "--output DIR");
        }
        try (PointStore store = PointStore.open(output, resume)) {
            TraceFiles traces = TraceFiles.prepare(sweep, store.traces());
            SweepPlan plan = SweepPlan.of(sweep, traces.digests(), maxPoints);
            store.begin(plan);
            String done = run(plan, store, traces);
            SweepResults results = new SweepResults(
                    plan, plan.points().stream().map(p -> result(store, p)).toList());
            ResultFile.write(store.file("results.csv"), SweepCsv.of(results));
            ResultFile.write(store.file("report.html"), SweepHtml.of(results));
            ResultFile.writeText(store.file("results.json"), out -> SweepJson.write(results, out));
            return summary(results, done);
        }
    }

    private void check() {
        if (engine.equals("spark")) {
            throw new InputException(
                    "--engine spark runs on a cluster",
                    "spark-submit with the jar of traces/spark, see docs/scaling.md");
        }
        if (!engine.equals("local")) {
            throw new InputException("--engine is '" + engine + "'", "local or spark");
        }
        if (threads < 1 || threads > MOST_THREADS) {
            throw new InputException("--threads is " + threads, "a number from 1 to " + MOST_THREADS);
        }
        if (maxPoints < 1 || maxPoints > MOST_POINTS) {
            throw new InputException("--max-points is " + maxPoints, "a number from 1 to " + MOST_POINTS);
        }
    }

    private String run(SweepPlan plan, PointStore store, TraceFiles traces) {
        List<SweepPoint> missing = missing(plan, store);
        long cost = missing.stream()
                .mapToLong(p -> PointCost.of(p, traces.file(p.trace())))
                .sum();
        PrintWriter err = Output.err(spec);
        SweepProgress progress = new SweepProgress(err, missing.size(), cost);
        Thread hook = new Thread(() -> interrupted(progress, missing.size()));
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            new LocalEngine(threads).run(missing, traces::file, r -> {
                store.add(r);
                progress.finished(
                        r, PointCost.of(r.point(), traces.file(r.point().trace())));
            });
            return progress.summary();
        } finally {
            progress.clear();
            unhook(hook);
        }
    }

    /** The end that somebody else has decided on; what is finished is kept already. */
    private void interrupted(SweepProgress progress, int points) {
        progress.clear();
        PrintWriter err = Output.err(spec);
        err.printf(
                Locale.ROOT,
                "iommu-emu: interrupted with %,d of %,d points finished; go on with: iommu-emu sweep %s --output %s"
                        + " --resume%n",
                progress.finished(),
                points,
                file,
                output);
        err.flush();
    }

    private static void unhook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The end has begun, and the hook says so.
        }
    }

    private int summary(SweepResults results, String done) {
        PrintWriter out = Output.out(spec);
        List<PointResult> failed = results.failed();
        failed.stream().limit(MOST_SHOWN).forEach(r -> out.println(r.point().label() + ": " + r.failure()));
        if (failed.size() > MOST_SHOWN) {
            out.println("and " + (failed.size() - MOST_SHOWN) + " more, see results.csv");
        }
        out.printf(
                Locale.ROOT, "%,d points, %,d failed; %s%n", results.results().size(), failed.size(), done);
        return failed.isEmpty() ? Main.DONE : Main.DISAGREED;
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
