// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.iommuemu.capture.InputException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code iommu-emu} command. */
@Command(
        name = "iommu-emu",
        description = "A cycle-approximate IOMMU emulator: replays DMA, verifies captures, explains faults.",
        mixinStandardHelpOptions = true,
        version = "iommu-emu 0.1.0",
        subcommands = {
            ReplayCommand.class,
            VerifyCommand.class,
            ExplainCommand.class,
            DecodeCommand.class,
            CheckCommand.class,
            PresetsCommand.class,
            ValidateCommand.class,
            TraceCommand.class,
            SweepCommand.class,
            DevicesCommand.class,
            DemoCommand.class,
            CommandLine.HelpCommand.class
        })
public final class Main {
    /** Exit status: done, and everything agreed. */
    static final int DONE = 0;
    /** Exit status: done, but something that was checked does not hold. */
    static final int DISAGREED = 1;
    /** Exit status: bad usage or bad input. */
    static final int BAD_INPUT = 2;

    private Main() {}

    /** Runs a command and exits with its status. */
    public static void main(String[] args) {
        System.exit(run(utf8(System.out), utf8(System.err), args));
    }

    /** The same bytes on every machine, whatever its locale. */
    private static PrintWriter utf8(PrintStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    }

    /**
     * Runs a command.
     *
     * @return the exit status
     */
    public static int run(PrintWriter out, PrintWriter err, String... args) {
        CommandLine cli = new CommandLine(new Main())
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setAbbreviatedOptionsAllowed(false)
                .setParameterExceptionHandler((e, a) -> {
                    String command = e.getCommandLine().getCommandSpec().qualifiedName();
                    err.println("iommu-emu: " + oneLine(e) + "; see '" + command + " --help'");
                    return BAD_INPUT;
                })
                .setExecutionExceptionHandler((e, line, parsed) -> {
                    if (e instanceof InputException) {
                        err.println("iommu-emu: " + e.getMessage());
                        return BAD_INPUT;
                    }
                    throw e;
                });
        int status = args.length == 0 ? cli.execute("--help") : cli.execute(args);
        out.flush();
        err.flush();
        return args.length == 0 ? BAD_INPUT : status;
    }

    private static String oneLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("bad usage");
    }
}
