// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;

/**
 * Which benchmarks are run with which parameters: a resource with a line for each choice, a pattern and then {@code -p} options, both
 * as JMH's command line has them; {@code #} begins a comment.
 */
enum Profile {
    /** The rows of the committed baseline. */
    BASELINE,
    /** Every benchmark, as small as it comes. */
    SMOKE;

    /** Its lines, without comments. */
    List<String> lines() {
        String name = name().toLowerCase(java.util.Locale.ROOT) + ".profile";
        try (InputStream in = Objects.requireNonNull(Profile.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.replaceFirst("#.*", "").strip())
                    .filter(line -> !line.isEmpty())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a line says to JMH. */
    static Options options(String line) {
        try {
            return new CommandLineOptions(line.split(" +"));
        } catch (CommandLineOptionException e) {
            throw new IllegalArgumentException(line, e);
        }
    }
}
