// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.iommuemu.benchmarks.result.SlimResults;
import org.iommuemu.capture.InputException;
import org.iommuemu.report.ResultFile;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code measure}: runs the rows of a {@link Profile} on the JDK that runs it, and keeps their figures and where they were measured. */
@Command(
        name = "measure",
        mixinStandardHelpOptions = true,
        description =
                "Runs the rows of the baseline on this JDK: one fork, 2 iterations of 500 ms to warm up and 5 to measure, with"
                        + " -prof gc. Writes the figures, and beside them a text that says where they were measured.",
        footer = "Exit status: 0 done, 1 a benchmark failed or counted what it does not claim, 2 bad usage.")
public final class MeasureCommand implements Callable<Integer> {
    private static final int FAILED = 1;
    private static final int BAD_INPUT = 2;
    private static final int WARM_UP = 2;
    private static final int MEASURED = 5;
    private static final TimeValue ITERATION = TimeValue.milliseconds(500);
    private static final TimeValue INSTANT = TimeValue.milliseconds(100);

    @Parameters(paramLabel = "FILE.json", description = "Where the figures go; the text goes to FILE.txt.")
    private Path file = Path.of("");

    @Option(
            names = "--smoke",
            description =
                    "Every benchmark once, small, for 100 ms in this JVM, to see that all work; the figures say nothing.")
    private boolean smoke;

    @Option(
            names = "--only",
            paramLabel = "REGEX",
            description = "Only the lines of the profile in which this is found.")
    private String only = "";

    @Option(names = "--commit", paramLabel = "TEXT", description = "What the text says was measured.")
    private String commit = "unknown";

    /** Runs the command and exits with its status. */
    public static void main(String[] args) {
        System.exit(run(new PrintWriter(new OutputStreamWriter(System.err, StandardCharsets.UTF_8), true), args));
    }

    /**
     * Runs the command.
     *
     * @return the exit status
     */
    static int run(PrintWriter err, String... args) {
        return new CommandLine(new MeasureCommand())
                .setErr(err)
                .setParameterExceptionHandler((e, a) -> {
                    err.println("measure: " + e.getMessage() + "; see 'measure --help'");
                    return BAD_INPUT;
                })
                .setExecutionExceptionHandler((e, line, parsed) -> {
                    if (e instanceof InputException || e instanceof RunnerException) {
                        err.println("measure: " + e.getMessage());
                        return e instanceof InputException ? BAD_INPUT : FAILED;
                    }
                    throw e;
                })
                .execute(args);
    }

    @Override
    public Integer call() throws RunnerException {
        String name = file.toString();
        if (!name.endsWith(".json")) {
            throw new InputException(name, "a file whose name ends in .json");
        }
        List<String> lines = lines();
        Path text = Path.of(name.substring(0, name.length() - ".json".length()) + ".txt");
        ResultFile.check(file);
        ResultFile.check(text);
        Environment environment = Environment.now(commit);
        Collection<RunResult> results = new ArrayList<>();
        for (String line : lines) {
            results.addAll(new Runner(smoke ? smoke(line) : measured(line)).run());
        }
        ResultFile.write(file, SlimResults.of(results));
        ResultFile.write(text, environment.text());
        return 0;
    }

    private List<String> lines() {
        try {
            Pattern pattern = Pattern.compile(only);
            List<String> lines = (smoke ? Profile.SMOKE : Profile.BASELINE)
                    .lines().stream()
                            .filter(line -> pattern.matcher(line).find())
                            .toList();
            if (lines.isEmpty()) {
                throw new InputException("--only " + only + " is in no line of the profile", "part of one");
            }
            return lines;
        } catch (PatternSyntaxException e) {
            throw new InputException("--only " + only + ": " + e.getDescription(), "a regular expression");
        }
    }

    /** What a line says for itself counts: replays need longer iterations. */
    private static Options measured(String line) {
        Options own = Profile.options(line);
        ChainedOptionsBuilder all = new OptionsBuilder()
                .parent(own)
                .forks(1)
                .warmupIterations(WARM_UP)
                .measurementIterations(MEASURED)
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(true);
        if (!own.getMeasurementTime().hasValue()) {
            all.warmupTime(ITERATION).measurementTime(ITERATION);
        }
        return all.build();
    }

    private static Options smoke(String line) {
        return new OptionsBuilder()
                .parent(Profile.options(line))
                .forks(0)
                .warmupIterations(0)
                .measurementIterations(1)
                .measurementTime(INSTANT)
                .shouldFailOnError(true)
                .build();
    }
}
