// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.Snapshot;
import org.iommuemu.replay.Agreement;
import org.iommuemu.replay.CaptureMachine;
import org.iommuemu.replay.ContextVerifier;
import org.iommuemu.replay.InterruptReplay;
import org.iommuemu.replay.ProbeReplay;
import org.iommuemu.replay.SnapshotVerifier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code verify}: captures row by row. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description = "Presents every row of captures as a DMA and compares address, refusal and kind of fault.")
final class VerifyCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "CAPTURE", arity = "1..*", description = "capture folders")
    private List<Path> captures = List.of();

    @Option(names = "--records", description = "compare the raw fault records too")
    private boolean records;

    @Mixin
    private CacheOptions caches = new CacheOptions();

    private boolean restAgrees = true;

    @Override
    public Integer call() {
        Agreement total = new Agreement();
        for (Path folder : captures) {
            // A capture is printed whole, or not at all if one of its files is wrong.
            StringWriter text = new StringWriter();
            total.add(verify(Capture.open(folder), new PrintWriter(text)));
            Output.out(spec).print(text);
        }
        Output.out(spec).println(total + " agree");
        return total.isComplete() && restAgrees ? Main.DONE : Main.DISAGREED;
    }

    private Agreement verify(Capture capture, PrintWriter out) {
        Agreement rows = new Agreement();
        out.println(capture.name());
        if (!capture.features().isEmpty()) {
            out.println("  features.json: " + capture.features());
        }
        verifyRegisters(capture, out);
        Agreement messages = new InterruptReplay(capture, caches.configuration()).run();
        if (messages.compared() > 0) {
            print("interrupts: " + messages + " remapped messages agree", messages, out);
        }
        restAgrees &= messages.isComplete();
        rows.add(verifySnapshot(capture, capture.busy(), out));
        capture.idle().ifPresent(idle -> rows.add(verifySnapshot(capture, idle, out)));
        return rows;
    }

    private void verifyRegisters(Capture capture, PrintWriter out) {
        try (CaptureMachine machine = CaptureMachine.afterReset(capture, capture.busy(), caches.configuration())) {
            if (!machine.unmodelled().isEmpty()) {
                out.println("  not modelled: " + String.join(", ", machine.unmodelled()));
            }
        }
        ProbeReplay probe = new ProbeReplay(capture);
        if (!probe.isPossible()) {
            out.println("  registers: none recorded, nothing compared");
            return;
        }
        Agreement reads = probe.run();
        print("registers: " + reads + " recorded reads agree", reads, out);
        restAgrees &= reads.isComplete();
    }

    private Agreement verifySnapshot(Capture capture, Snapshot snapshot, PrintWriter out) {
        Agreement contexts = new ContextVerifier(capture, snapshot).run();
        if (contexts.compared() > 0) {
            print(snapshot.name() + ": " + contexts + " decoded contexts agree", contexts, out);
        }
        restAgrees &= contexts.isComplete();
        try (SnapshotVerifier verifier = new SnapshotVerifier(capture, snapshot, caches.configuration(), records)) {
            Agreement rows = verifier.run();
            boolean none = rows.compared() == 0;
            print(snapshot.name() + ": " + (none ? "no rows, nothing compared" : rows + " rows agree"), rows, out);
            return rows;
        }
    }

    private static void print(String line, Agreement agreement, PrintWriter out) {
        agreement.differences().forEach(d -> out.println("  differs: " + d));
        out.println("  " + line);
        agreement.byRule().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(e -> out.println("    agree (rule) " + e.getKey().label() + ": " + e.getValue() + ", "
                        + e.getKey().text()));
    }
}
