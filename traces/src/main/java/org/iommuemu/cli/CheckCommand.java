// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.iommuemu.capture.InputException;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.report.JunitXml;
import org.iommuemu.report.LintText;
import org.iommuemu.report.ResultFile;
import org.iommuemu.scenario.DeviceTally;
import org.iommuemu.scenario.FailNthResult;
import org.iommuemu.scenario.Scenario;
import org.iommuemu.scenario.ScenarioResult;
import org.iommuemu.scenario.ScenarioResult.Status;
import org.iommuemu.scenario.ScenarioRunner;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code check}: scenarios. */
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description = "Runs scenario files; prints what fails, and what differs where its recorder says that it may.")
final class CheckCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "scenario files (JSON Lines)")
    private List<Path> files = List.of();

    @Option(names = "--junit", paramLabel = "FILE", description = "write the results as JUnit XML")
    private @Nullable Path junit;

    @Option(
            names = "--fail-nth",
            description = "run each scenario once for every memory access of the machine, with that access failing;"
                    + " every run must end in an architected event or error")
    private boolean failNth;

    @Option(names = "--keep-going", description = "run the other files when one cannot be read")
    private boolean keepGoing;

    @Option(
            names = "--detect-stale",
            description = "compare every translation with what the tables say; print pages where they differ")
    private boolean detectStale;

    @Option(
            names = "--lint",
            description =
                    "also print what the scenarios do wrong as software, before the last line; see docs/smmuv3.md,"
                            + " docs/vtd.md")
    private boolean lint;

    /** Who carries out the DMAs of scenarios. */
    enum Devices {
        /** A DMA engine that asks the IOMMU itself. */
        engine,
        /** Edu devices, programmed through their registers, behind PCIe links. */
        edu
    }

    @Option(
            names = "--devices",
            paramLabel = "KIND",
            description = "who carries out DMAs: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
    private Devices devices = Devices.engine;

    @Mixin
    private CacheOptions caches = new CacheOptions();

    @Override
    public Integer call() {
        if (failNth && detectStale) {
            throw new InputException(
                    "--fail-nth with --detect-stale", "one of them, as runs with a failing access are not compared");
        }
        if (failNth && devices == Devices.edu) {
            throw new InputException(
                    "--fail-nth with --devices edu", "one of them, as nobody tells a device what became of its writes");
        }
        if (junit != null) {
            ResultFile.check(junit);
        }
        PrintWriter out = Output.out(spec);
        LintLog findings = new LintLog();
        ScenarioRunner runner = new ScenarioRunner(caches.configuration(), lint ? findings : null);
        if (detectStale) {
            runner.detectStale();
        }
        DeviceTally tally = new DeviceTally();
        if (devices == Devices.edu) {
            runner.useEduDevices(tally);
        }
        if (failNth) {
            return failNth(runner, out);
        }
        List<ScenarioResult> results = new ArrayList<>();
        boolean unread = false;
        for (Path file : files) {
            try {
                List<Scenario> scenarios = Scenario.readAll(file);
                List<ScenarioResult> ofFile =
                        scenarios.stream().map(runner::run).toList();
                ofFile.forEach(r -> print(r, out));
                if (files.size() > 1) {
                    out.println(file + ": " + counts(ofFile));
                }
                results.addAll(ofFile);
            } catch (InputException e) {
                pass(e);
                unread = true;
            }
        }
        writeJunit(results);
        runner.stale().forEach(line -> out.println("stale   " + line));
        out.print(LintText.of(findings));
        tally.lines().forEach(out::println);
        out.println(counts(results));
        if (unread) {
            return Main.BAD_INPUT;
        }
        return count(results, Status.FAILED) == 0 && runner.stale().isEmpty() ? Main.DONE : Main.DISAGREED;
    }

    private int failNth(ScenarioRunner runner, PrintWriter out) {
        int runs = 0;
        int unspecified = 0;
        boolean unread = false;
        Map<String, Integer> outcomes = new TreeMap<>();
        List<ScenarioResult> results = new ArrayList<>();
        for (Path file : files) {
            try {
                for (Scenario scenario : Scenario.readAll(file)) {
                    FailNthResult result = runner.failNth(scenario);
                    result.unspecified().forEach(line -> out.println("unspecified " + line));
                    result.outcomes().forEach((outcome, n) -> outcomes.merge(outcome, n, Integer::sum));
                    runs += result.runs();
                    unspecified += result.unspecified().size();
                    results.add(result.summary());
                }
            } catch (InputException e) {
                pass(e);
                unread = true;
            }
        }
        writeJunit(results);
        outcomes.forEach((outcome, n) -> out.println(n + " ended in " + outcome));
        out.println(runs + " runs with a failing access, " + unspecified + " unspecified");
        if (unread) {
            return Main.BAD_INPUT;
        }
        return unspecified == 0 ? Main.DONE : Main.DISAGREED;
    }

    /** Passes over a file that cannot be read, if that is wanted. */
    private void pass(InputException e) {
        if (!keepGoing) {
            throw e;
        }
        Output.err(spec).println("iommu-emu: " + e.getMessage());
    }

    private void writeJunit(List<ScenarioResult> results) {
        if (junit != null) {
            ResultFile.write(junit, JunitXml.of(results));
        }
    }

    private static void print(ScenarioResult r, PrintWriter out) {
        if (r.status() != Status.PASSED) {
            out.println((r.status() == Status.FAILED ? "failed  " : "skipped ") + r.text());
        }
    }

    private static String counts(List<ScenarioResult> results) {
        return count(results, Status.PASSED) + " passed, " + count(results, Status.FAILED) + " failed, "
                + count(results, Status.SKIPPED) + " skipped";
    }

    private static long count(List<ScenarioResult> results, Status status) {
        return results.stream().filter(r -> r.status() == status).count();
    }
}
