// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.Mapping;
import org.iommuemu.capture.Snapshot;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.replay.Explanation;
import org.iommuemu.report.ExplanationText;
import org.iommuemu.scenario.Scenario;
import org.iommuemu.scenario.ScenarioRunner;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code explain}: one access, entry by entry. */
@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        description = "Shows the lookup and walk of one access, entry by entry, and why it ends as it does.")
final class ExplainCommand implements Callable<Integer> {
    private static final int SUBSTREAM_BITS = 20;

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "CAPTURE", description = "a capture folder, or a file of scenarios")
    private Path capture = Path.of("");

    @Option(names = "--stream", required = true, paramLabel = "S", description = "StreamID, or bus:device.function")
    private String stream = "";

    @Option(names = "--iova", required = true, paramLabel = "A", description = "input address")
    private String iova = "";

    @Option(names = "--pasid", paramLabel = "P", description = "SubstreamID; none if left out")
    private @Nullable String pasid;

    @Option(names = "--write", description = "a write (default: a read)")
    private boolean write;

    @Option(names = "--instruction", description = "an instruction fetch")
    private boolean instruction;

    @Option(names = "--privileged", description = "a privileged access")
    private boolean privileged;

    @Option(names = "--idle", description = "use the snapshot at the end of the trace (default: the busy one)")
    private boolean idle;

    @Option(
            names = "--scenario",
            paramLabel = "LINE",
            description = "of a file: the scenario, whose steps run before (default: the only one)")
    private @Nullable Integer line;

    @Option(names = "--all-fields", description = "show fields that are 0 too")
    private boolean allFields;

    @Override
    public Integer call() {
        Transaction transaction = transaction();
        PrintWriter out = Output.out(spec);
        if (Files.isRegularFile(capture)) {
            if (idle) {
                throw new InputException("--idle is given with a file of scenarios", "a capture folder");
            }
            out.print(ExplanationText.of(ScenarioRunner.explain(scenario(), transaction), allFields));
            return Main.DONE;
        }
        if (line != null) {
            throw new InputException("--scenario is given with '" + capture + "'", "a file of scenarios");
        }
        Capture opened = Capture.open(capture);
        Snapshot snapshot = idle
                ? opened.idle()
                        .orElseThrow(() ->
                                new InputException(opened.folder(), 0, "has no idle snapshot", "a folder 'idle' in it"))
                : opened.busy();
        Explanation explanation = Explanation.of(opened, snapshot, transaction);
        out.print(ExplanationText.of(explanation, allFields));
        out.print(hint(explanation, snapshot));
        return Main.DONE;
    }

    private Transaction transaction() {
        int sid = Numbers.stream("--stream", stream);
        int substream =
                pasid == null ? Transaction.NO_SUBSTREAM : (int) Numbers.parse("--pasid", pasid, SUBSTREAM_BITS);
        long address = Numbers.parse("--iova", iova, Long.SIZE);
        int access = (write ? Access.WRITE : Access.READ)
                | (instruction ? Access.INSTRUCTION : 0)
                | (privileged ? Access.PRIVILEGED : 0);
        return new Transaction().set(sid, substream, address, access);
    }

    private Scenario scenario() {
        List<Scenario> all = Scenario.readAll(capture);
        if (line == null && all.size() != 1) {
            throw new InputException(capture, 0, "has " + all.size() + " scenarios", "--scenario LINE");
        }
        return all.stream()
                .filter(s -> line == null || s.line() == line)
                .findFirst()
                .orElseThrow(() -> new InputException(capture, line == null ? 0 : line, "has no scenario", "one"));
    }

    /** A stream that the stream table does not have may be a slip of the user's. */
    private static String hint(Explanation explanation, Snapshot snapshot) {
        String known = snapshot.mappings().stream()
                .map(Mapping::sid)
                .distinct()
                .sorted()
                .map(s -> String.format("0x%x", s))
                .collect(Collectors.joining(", "));
        return explanation.unknownStream() && !known.isEmpty()
                ? "streams with mappings in this capture: " + known + "\n"
                : "";
    }
}
