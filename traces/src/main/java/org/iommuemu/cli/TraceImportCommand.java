// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.iommuemu.report.ImportText;
import org.iommuemu.report.ResultFile;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceWriter;
import org.iommuemu.trace.imports.ImportOptions;
import org.iommuemu.trace.imports.ImportSource;
import org.iommuemu.trace.imports.ImportSummary;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code trace import}: DMA traces of what others have recorded. */
@Command(
        name = "import",
        mixinStandardHelpOptions = true,
        description = "Makes a DMA trace of a kernel's or an IOMMU's own trace.")
final class TraceImportCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "INPUT", description = "a file, compressed or not, or a capture folder")
    private Path input = Path.of("");

    @Option(
            names = "--output",
            paramLabel = "FILE",
            required = true,
            description = "where to; its name says the encoding, as in trace convert")
    private Path output = Path.of("");

    @Option(
            names = "--from",
            paramLabel = "KIND",
            description =
                    "what INPUT is: joined, capture, ftrace, qemu-log, hypersio (default: found from its content)")
    private @Nullable String from;

    @Option(
            names = "--stream",
            paramLabel = "S",
            description =
                    "StreamID of what names no device, further ones from there on (default: devices as they are attached)")
    private @Nullable String stream;

    @Override
    public Integer call() {
        ImportSource source = from == null ? ImportSource.of(input) : ImportSource.named(from);
        long first =
                stream == null ? ImportOptions.UNKNOWN : Integer.toUnsignedLong(Numbers.stream("--stream", stream));
        AtomicReference<@Nullable ImportSummary> summary = new AtomicReference<>();
        ResultFile.write(output, part -> {
            try (TraceWriter out = TraceEncoding.of(output).create(part, provenance(source))) {
                summary.set(source.read(input, new ImportOptions(first), out));
            }
        });
        ImportSummary made = summary.get();
        if (made != null) {
            Output.out(spec).print(ImportText.of(made));
        }
        return Main.DONE;
    }

    private String provenance(ImportSource source) {
        String text = "imported from " + source.label() + " " + input;
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= TraceEncoding.MOST_PROVENANCE ? text : "imported from " + source.label();
    }
}
