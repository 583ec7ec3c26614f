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

/** {@code devices}: models of devices at work. */
@Command(
        name = "devices",
        mixinStandardHelpOptions = true,
        description = "Models of devices at work on a whole machine.",
        subcommands = {DevicesBandwidthCommand.class, CommandLine.HelpCommand.class})
final class DevicesCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        throw new ParameterException(Objects.requireNonNull(spec).commandLine(), "devices needs one of bandwidth");
    }
}
