// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code presets}: what hardware the program has parameters of. */
@Command(
        name = "presets",
        mixinStandardHelpOptions = true,
        description = "Lists the hardware presets; with names, every value and where it comes from.")
final class PresetsCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "PRESET", description = "presets to show in full")
    private List<String> names = List.of();

    @Override
    public Integer call() {
        PrintWriter out = Output.out(spec);
        for (String name : names.isEmpty() ? Presets.names() : names) {
            Settings s = Presets.named(name);
            out.println(s.name() + "  " + s.title());
            for (Parameter p : names.isEmpty() ? new Parameter[0] : Parameter.values()) {
                out.println(String.format("  %-32s %8s  %s; %s", p.key(), s.text(p), p.meaning(), s.source(p)));
            }
        }
        return Main.DONE;
    }
}
