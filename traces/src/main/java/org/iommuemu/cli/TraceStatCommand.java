// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.iommuemu.report.MissCurveCsv;
import org.iommuemu.report.ResultFile;
import org.iommuemu.report.TraceStatisticsHtml;
import org.iommuemu.report.TraceStatisticsJson;
import org.iommuemu.report.TraceStatisticsText;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceReader;
import org.iommuemu.trace.reuse.MissCurve;
import org.iommuemu.trace.stat.TraceStatistics;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code trace stat}: what is in a trace. */
@Command(
        name = "stat",
        mixinStandardHelpOptions = true,
        description =
                "Says what is in a DMA trace: records by kind, lengths, gaps, streams, footprint, mappings, working set, and the misses of LRU caches of every size.")
final class TraceStatCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "a DMA trace")
    private Path file = Path.of("");

    @Option(names = "--json", paramLabel = "FILE", description = "write all figures as JSON")
    private @Nullable Path json;

    @Option(names = "--report", paramLabel = "FILE", description = "write a page with charts and tables, one HTML file")
    private @Nullable Path report;

    @Option(
            names = "--curve",
            paramLabel = "FILE",
            description = "write the misses of fully associative LRU caches of every size as CSV")
    private @Nullable Path curve;

    @Override
    public Integer call() {
        for (Path result : new Path[] {json, report, curve}) {
            if (result != null) {
                ResultFile.check(result);
            }
        }
        Output.distinct(spec, "--json", "--report", "--curve");
        try (TraceReader trace = TraceEncoding.open(file)) {
            TraceStatistics statistics = new TraceStatistics();
            Progress progress = new Progress(Output.err(spec));
            while (trace.next()) {
                statistics.add(trace.record());
                progress.progress(trace.number());
            }
            progress.clear();
            write(file.toString(), trace.provenance(), statistics);
            return Main.DONE;
        }
    }

    private void write(String name, String provenance, TraceStatistics s) {
        if (json != null) {
            ResultFile.write(json, TraceStatisticsJson.of(name, provenance, s));
        }
        if (report != null) {
            ResultFile.write(report, TraceStatisticsHtml.of(name, provenance, s));
        }
        if (curve != null) {
            MissCurve misses = s.curve();
            ResultFile.writeText(curve, out -> MissCurveCsv.write(misses, out));
        }
        Output.out(spec).print(TraceStatisticsText.of(name, provenance, s));
    }
}
