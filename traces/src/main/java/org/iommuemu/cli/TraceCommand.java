// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code trace}: DMA trace files. */
@Command(
        name = "trace",
        mixinStandardHelpOptions = true,
        description = "Makes and imports DMA traces, converts them and says what is in them.",
        subcommands = {
            TraceGenerateCommand.class,
            TraceConvertCommand.class,
            TraceImportCommand.class,
            TraceStatCommand.class,
            CommandLine.HelpCommand.class
        })
final class TraceCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        throw new ParameterException(
                Objects.requireNonNull(spec).commandLine(), "trace needs one of generate, import, convert, stat");
    }
}
