// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.iommuemu.capture.InputException;
import org.iommuemu.report.ResultFile;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceReader;
import org.iommuemu.trace.TraceWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code trace convert}: from one encoding to another. */
@Command(
        name = "convert",
        mixinStandardHelpOptions = true,
        description =
                "Writes a DMA trace in the encoding that the name of OUT says: .csv, .csv.gz and .csv.zst are CSV, other names binary, packed if they end in .zst.")
final class TraceConvertCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "IN", description = "a DMA trace")
    private Path in = Path.of("");

    @Parameters(index = "1", paramLabel = "OUT", description = "where to")
    private Path output = Path.of("");

    @Option(names = "--first", paramLabel = "N", description = "only the first N records (default: all)")
    private long first = Long.MAX_VALUE;

    @Option(
            names = "--streams",
            paramLabel = "S,...",
            split = ",",
            description = "only records of these streams (default: all)")
    private List<String> streams = List.of();

    @Override
    public Integer call() {
        if (first < 0) {
            throw new InputException("--first is " + first, "0 or more");
        }
        Set<Integer> wanted =
                streams.stream().map(s -> Numbers.stream("--streams", s)).collect(Collectors.toSet());
        ResultFile.write(output, part -> {
            try (TraceReader trace = TraceEncoding.open(in);
                    TraceWriter out = TraceEncoding.of(output).create(part, provenance(trace))) {
                while (trace.number() < first && trace.next()) {
                    if (wanted.isEmpty() || wanted.contains(trace.record().stream())) {
                        out.write(trace.record());
                    }
                }
            }
        });
        return Main.DONE;
    }

    private String provenance(TraceReader trace) {
        String text = trace.provenance();
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (TraceEncoding.of(output).isBinary() && bytes > TraceEncoding.MOST_PROVENANCE) {
            throw new InputException(
                    in,
                    0,
                    "the comments have " + bytes + " bytes",
                    "at most " + TraceEncoding.MOST_PROVENANCE + ", as a binary trace has room for");
        }
        return text;
    }
}
