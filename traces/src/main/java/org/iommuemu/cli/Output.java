// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.iommuemu.capture.InputException;
import org.iommuemu.report.ResultFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** Where a command prints and writes; the specification is injected before a command is called. */
final class Output {
    private Output() {}

    static PrintWriter out(@Nullable CommandSpec spec) {
        return Objects.requireNonNull(spec).commandLine().getOut();
    }

    static PrintWriter err(@Nullable CommandSpec spec) {
        return Objects.requireNonNull(spec).commandLine().getErr();
    }

    /**
     * Makes sure that each of a command's results has a file of its own.
     *
     * @param options names of the options that take a file
     * @throws InputException if two of them lead to the same one
     */
    static void distinct(@Nullable CommandSpec spec, String... options) {
        Map<String, Path> given = new LinkedHashMap<>();
        for (String option : options) {
            Path file = Objects.requireNonNull(spec).findOption(option).getValue();
            if (file == null) {
                continue;
            }
            given.forEach((name, other) -> {
                if (ResultFile.same(file, other)) {
                    throw new InputException(file, 0, "is given for " + name + " and " + option, "a file for each");
                }
            });
            given.put(option, file);
        }
    }
}
