// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;

/** The flags of every JVM that runs the model, config/jvm.flags, of which this jar has a copy. */
final class JvmFlags {
    private JvmFlags() {}

    /** Whether this JVM has the one without which nothing works. */
    static boolean areHere() {
        return Object.class.getModule().isOpen("jdk.internal.misc", JvmFlags.class.getModule());
    }

    /** As one line. */
    static String line() {
        try (InputStream in = JvmFlags.class.getResourceAsStream("jvm.flags")) {
            if (in == null) {
                throw new IllegalStateException("the jar is not whole: no jvm.flags");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    // The two halves of an option and its value are one word, as Spark's launcher wants them.
                    .map(line -> line.trim().replaceFirst("^(--add-(?:opens|exports)) +", "$1="))
                    .collect(Collectors.joining(" "));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
