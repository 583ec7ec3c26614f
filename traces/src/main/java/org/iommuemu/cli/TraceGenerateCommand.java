// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.iommuemu.capture.InputException;
import org.iommuemu.report.ResultFile;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceWriter;
import org.iommuemu.trace.pattern.TracePattern;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code trace generate}: traces made up. */
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        description = "Makes up a DMA trace with its own mappings; the same options give the same bytes.")
final class TraceGenerateCommand implements Callable<Integer> {
    private static final int MOST_TENANTS = 65_535;

    @Option(
            names = "--pattern",
            paramLabel = "PATTERN",
            description =
                    "what devices do: hyper-tenant, sequential, uniform, zipf, strided, pointer-chase, bursty, phases, ring, nvme,"
                            + " accelerator (default: ${DEFAULT-VALUE})")
    private String pattern = "hyper-tenant";

    @Option(names = "--tenants", paramLabel = "T", description = "devices, each a stream (default: ${DEFAULT-VALUE})")
    private int tenants = 1;

    @Option(names = "--records", paramLabel = "N", description = "DMA records (default: ${DEFAULT-VALUE})")
    private long records = 1_500_000;

    @Option(names = "--seed", paramLabel = "S", description = "of all that is random (default: ${DEFAULT-VALUE})")
    private long seed = 1;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            required = true,
            description = "where to; .csv, .csv.gz and .csv.zst are CSV, all else is binary, .zst packed")
    private Path output = Path.of("");

    @ArgGroup(exclusive = false, heading = "Options of some patterns:%n")
    private PatternOptions options = new PatternOptions();

    @Override
    public Integer call() {
        if (tenants < 1 || tenants > MOST_TENANTS) {
            throw new InputException("--tenants is " + tenants, "a number from 1 to " + MOST_TENANTS);
        }
        if (records < 0) {
            throw new InputException("--records is " + records, "0 or more");
        }
        TracePattern chosen = pattern();
        TracePattern.Parameters parameters = new TracePattern.Parameters(tenants, records, seed, options.given());
        chosen.check(parameters);
        ResultFile.write(output, part -> {
            try (TraceWriter out = TraceEncoding.of(output).create(part, chosen.provenance(parameters))) {
                chosen.write(parameters, out);
            }
        });
        return Main.DONE;
    }

    private TracePattern pattern() {
        return Arrays.stream(TracePattern.values())
                .filter(p -> p.label().equals(pattern))
                .findFirst()
                .orElseThrow(() -> new InputException(
                        "--pattern is '" + pattern + "'",
                        "one of "
                                + Arrays.stream(TracePattern.values())
                                        .map(TracePattern::label)
                                        .collect(Collectors.joining(", "))));
    }
}
