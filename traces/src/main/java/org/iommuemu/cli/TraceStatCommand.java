// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.iommuemu.report.TraceStatisticsText;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceReader;
import org.iommuemu.trace.TraceStatistics;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code trace stat}: what is in a trace. */
@Command(
        name = "stat",
        mixinStandardHelpOptions = true,
        description = "Says what is in a DMA trace: records by kind, streams, footprint, sizes, time.")
final class TraceStatCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "a DMA trace")
    private Path file = Path.of("");

    @Override
    public Integer call() {
        try (TraceReader trace = TraceEncoding.open(file)) {
            TraceStatistics statistics = new TraceStatistics();
            while (trace.next()) {
                statistics.add(trace.record());
            }
            Output.out(spec).print(TraceStatisticsText.of(file.toString(), trace.provenance(), statistics));
            return Main.DONE;
        }
    }
}
