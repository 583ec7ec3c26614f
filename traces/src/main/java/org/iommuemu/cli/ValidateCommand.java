// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.iommuemu.capture.InputException;
import org.iommuemu.experiment.Experiment;
import org.iommuemu.experiment.Experiments;
import org.iommuemu.experiment.Measurements;
import org.iommuemu.experiment.Series;
import org.iommuemu.report.ExperimentHtml;
import org.iommuemu.report.ExperimentJson;
import org.iommuemu.report.ExperimentText;
import org.iommuemu.report.ResultFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code validate}: the model against published measurements. */
@Command(
        name = "validate",
        mixinStandardHelpOptions = true,
        description = "Repeats published measurements on the model and compares point by point.")
final class ValidateCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "EXPERIMENT", description = "V1 and so on (default: all)")
    private List<String> names = List.of();

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "measurements in files of the same names and columns (default: those that come along)")
    private @Nullable Path data;

    @Option(names = "--json", paramLabel = "FILE", description = "write every point as JSON")
    private @Nullable Path json;

    @Option(
            names = "--report",
            paramLabel = "FILE",
            description = "write a page with a plot and a table of every series, one HTML file")
    private @Nullable Path report;

    @Override
    public Integer call() {
        if (data != null && !Files.isDirectory(data)) {
            throw new InputException(data, 0, "is no folder", "a folder with measurements");
        }
        if (json != null) {
            ResultFile.check(json);
        }
        if (report != null) {
            ResultFile.check(report);
        }
        Output.distinct(spec, "--json", "--report");
        List<Experiment> chosen = chosen();
        Measurements measurements = new Measurements(data);
        Map<Experiment, List<Series>> results = new LinkedHashMap<>();
        for (Experiment e : chosen) {
            List<Series> series = e.run(measurements);
            results.put(e, series);
            Output.out(spec).print(ExperimentText.of(e, series));
            Output.out(spec).flush();
        }
        if (!measurements.missing().isEmpty()) {
            Output.out(spec)
                    .println("not in " + data + ", so that those that come along were taken: "
                            + String.join(", ", measurements.missing()));
        }
        if (json != null) {
            ResultFile.write(json, ExperimentJson.of(results));
        }
        if (report != null) {
            ResultFile.write(report, ExperimentHtml.of(results));
        }
        long within = results.values().stream()
                .filter(s -> s.stream().allMatch(Series::holds))
                .count();
        Output.out(spec).println(within + " of " + results.size() + " experiments within tolerance");
        return within == results.size() ? Main.DONE : Main.DISAGREED;
    }

    private List<Experiment> chosen() {
        List<String> known = Experiments.all().stream().map(Experiment::id).toList();
        for (String name : names) {
            if (!known.contains(name.toUpperCase(Locale.ROOT))) {
                throw new InputException(
                        "unknown experiment '" + name + "'",
                        known.stream().collect(Collectors.joining(", ", "one of ", "")));
            }
        }
        return Experiments.all().stream()
                .filter(e -> names.isEmpty() || names.stream().anyMatch(e.id()::equalsIgnoreCase))
                .toList();
    }
}
