// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.sql.SparkSession;
import org.iommuemu.capture.InputException;
import org.iommuemu.sweep.PointResult;
import org.iommuemu.sweep.SweepCsv;
import org.iommuemu.sweep.SweepFile;
import org.iommuemu.sweep.SweepPlan;
import org.iommuemu.sweep.SweepResults;
import org.iommuemu.sweep.TraceSource;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sweep} as a Spark application, for {@code spark-submit}; gives what the local engine gives. */
@Command(
        name = "iommu-emu-spark",
        mixinStandardHelpOptions = true,
        description = "Runs a sweep's points on a Spark cluster.")
public final class SweepJob implements Callable<Integer> {
    /** Exit status: done. */
    static final int DONE = 0;
    /** Exit status: done, but some points failed. */
    static final int FAILED_POINTS = 1;
    /** Exit status: bad usage or bad input. */
    static final int BAD_INPUT = 2;

    private static final String EXECUTOR_OPTIONS = "spark.executor.extraJavaOptions";
    private static final String LOG_LEVEL = "spark.log.level";

    /** What results are written as. */
    enum Format {
        /** One file, the same bytes as the local engine's. */
        CSV,
        /** A folder of Spark's, of one part. */
        PARQUET
    }

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "the sweep's YAML file, at any path that Hadoop can read")
    private String file = "";

    @Option(
            names = "--output",
            paramLabel = "FOLDER",
            required = true,
            description = "where results.csv or results.parquet goes, at any path that Hadoop can write")
    private String output = "";

    @Option(names = "--format", paramLabel = "FORMAT", description = "csv or parquet (default: csv)")
    private Format format = Format.CSV;

    @Option(
            names = "--points-per-task",
            paramLabel = "N",
            description = "more than one where points are over in less than a second (default: ${DEFAULT-VALUE})")
    private int pointsPerTask = 1;

    @Option(
            names = "--max-points",
            paramLabel = "N",
            description = "refuse a sweep with more points (default: ${DEFAULT-VALUE})")
    private long maxPoints = 1_000_000;

    /** Runs the job and exits with its status. */
    public static void main(String[] args) {
        System.exit(run(utf8(System.out), utf8(System.err), args));
    }

    private static PrintWriter utf8(PrintStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    }

    /**
     * Runs the job.
     *
     * @return the exit status
     */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        return new CommandLine(new SweepJob())
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((e, a) -> {
                    err.println("iommu-emu: "
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse("bad usage"));
                    return BAD_INPUT;
                })
                .setExecutionExceptionHandler((e, line, parsed) -> {
                    InputException flaw = flaw(e);
                    if (flaw == null) {
                        throw e;
                    }
                    err.println("iommu-emu: " + flaw.getMessage());
                    return BAD_INPUT;
                })
                .execute(args);
    }

    /** Bad input found here, or by an executor: then Spark has wrapped it. */
    private static @Nullable InputException flaw(Throwable e) {
        for (Throwable t = e; t != null; t = t.getCause()) {
            if (t instanceof InputException flaw) {
                return flaw;
            }
        }
        return null;
    }

    @Override
    public Integer call() throws IOException {
        if (pointsPerTask < 1) {
            throw new InputException("--points-per-task is " + pointsPerTask, "1 or more");
        }
        SparkConf conf = new SparkConf();
        conf.setIfMissing("spark.app.name", "iommu-emu sweep");
        conf.setIfMissing(LOG_LEVEL, "WARN");
        if (conf.get("spark.master", "").startsWith("local") && !JvmFlags.areHere()) {
            throw new InputException(
                    "a local master runs the points in this JVM, which lacks flags",
                    "spark-submit --driver-java-options '" + JvmFlags.line() + "'");
        }
        conf.set(EXECUTOR_OPTIONS, (JvmFlags.line() + " " + conf.get(EXECUTOR_OPTIONS, "")).trim());
        // Before there is a context: a flaw of the file should not wait for a cluster.
        HadoopFiles files = new HadoopFiles(SparkHadoopUtil.get().newConfiguration(conf));
        Path yaml = files.path(null, file);
        SweepFile sweep = files.read(
                yaml,
                "a readable YAML file",
                in -> SweepFile.read(java.nio.file.Path.of(file), new InputStreamReader(in, StandardCharsets.UTF_8)));
        Path results =
                new Path(files.path(null, output), "results." + format.name().toLowerCase(Locale.ROOT));
        files.refuseExisting(results);
        Map<String, RemoteTrace> traces = traces(sweep, yaml, files);
        Map<String, String> digests = new HashMap<>();
        traces.forEach((name, trace) -> digests.put(name, trace.digest()));
        SweepPlan plan = SweepPlan.of(sweep, digests, maxPoints);
        files.makeFolder(results.getParent());

        try (JavaSparkContext context = new JavaSparkContext(conf)) {
            SweepResults found = evaluate(context, plan, traces);
            write(context, found, results, files);
            return report(found);
        }
    }

    /** The traces by name. */
    private static Map<String, RemoteTrace> traces(SweepFile sweep, Path yaml, HadoopFiles files) throws IOException {
        Map<String, RemoteTrace> traces = new HashMap<>();
        java.nio.file.Path scratch = Files.createTempDirectory("iommu-emu");
        try {
            for (TraceSource source : sweep.traces()) {
                if (source instanceof TraceSource.Recorded recorded) {
                    String location =
                            files.path(yaml.getParent(), recorded.location()).toString();
                    traces.put(source.name(), RemoteTrace.Stored.of(location, files));
                } else if (source instanceof TraceSource.Generated made) {
                    traces.put(source.name(), RemoteTrace.Generated.of(made, scratch));
                } else if (source instanceof TraceSource.Imported imported) {
                    throw new InputException(
                            yaml + ":" + imported.line() + ": trace '" + source.name()
                                    + "' is an import, which no cluster makes",
                            "a trace made by trace import beforehand");
                }
            }
        } finally {
            Files.delete(scratch);
        }
        return traces;
    }

    private SweepResults evaluate(JavaSparkContext context, SweepPlan plan, Map<String, RemoteTrace> traces) {
        List<List<String>> tasks = new ArrayList<>();
        for (int i = 0; i < plan.points().size(); i += pointsPerTask) {
            List<String> lines = new ArrayList<>();
            plan.points()
                    .subList(i, Math.min(i + pointsPerTask, plan.points().size()))
                    .forEach(p -> lines.add(p.canonical()));
            tasks.add(lines);
        }
        TaskProgress progress =
                new TaskProgress(err(), tasks.stream().map(List::size).toList());
        context.sc().addSparkListener(progress);
        Map<String, RemoteTrace> byDigest = new HashMap<>();
        traces.values().forEach(t -> byDigest.put(t.digest(), t));
        List<List<String>> lines = context.parallelize(tasks, tasks.size())
                .map(points -> Executor.evaluate(points, byDigest))
                .collect();
        context.sc().removeSparkListener(progress);

        List<PointResult> results = new ArrayList<>();
        lines.forEach(task -> task.forEach(
                line -> results.add(PointResult.parse(line, plan.points().get(results.size())))));
        return new SweepResults(plan, results);
    }

    private void write(JavaSparkContext context, SweepResults results, Path place, HadoopFiles files) {
        if (format == Format.CSV) {
            files.write(place, SweepCsv.of(results));
            return;
        }
        SparkSession session = SparkSession.builder().sparkContext(context.sc()).getOrCreate();
        session.createDataFrame(ResultTable.rows(results), ResultTable.schema(results.plan()))
                .coalesce(1)
                .write()
                .parquet(place.toString());
    }

    private int report(SweepResults results) {
        int failed = results.failed().size();
        results.failed().forEach(r -> err().println("iommu-emu: " + r.point().label() + ": " + r.failure()));
        out().println(results.results().size() + " points, " + failed + " failed");
        return failed == 0 ? DONE : FAILED_POINTS;
    }

    private PrintWriter out() {
        return spec().commandLine().getOut();
    }

    private PrintWriter err() {
        return spec().commandLine().getErr();
    }

    private CommandSpec spec() {
        if (spec == null) {
            throw new IllegalStateException("only picocli makes one");
        }
        return spec;
    }
}
