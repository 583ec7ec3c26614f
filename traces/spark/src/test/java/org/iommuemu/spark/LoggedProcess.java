// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A child process whose output goes into two files. */
record LoggedProcess(Process process, Path out, Path err) implements AutoCloseable {
    private static final long MOST_SECONDS = 120;

    static LoggedProcess start(ProcessBuilder builder, Path out, Path err) throws IOException {
        return new LoggedProcess(
                builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start(), out, err);
    }

    String errors() {
        try {
            return Files.readString(err);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String output() throws IOException {
        return Files.readString(out);
    }

    /** Waits for a text among the errors, and gives its first group. */
    String await(String pattern) throws InterruptedException {
        Pattern compiled = Pattern.compile(pattern);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(MOST_SECONDS);
        while (System.nanoTime() < end) {
            Matcher m = compiled.matcher(errors());
            if (m.find()) {
                return m.group(1);
            }
            if (!process.isAlive() && !compiled.matcher(errors()).find()) {
                throw new AssertionError("ended without '" + pattern + "': " + errors());
            }
            Thread.sleep(20);
        }
        throw new AssertionError("no '" + pattern + "' within " + MOST_SECONDS + " s: " + errors());
    }

    /** Waits for its end. */
    int exitStatus() throws InterruptedException {
        if (!process.waitFor(MOST_SECONDS, TimeUnit.SECONDS)) {
            close();
            throw new AssertionError("not done within " + MOST_SECONDS + " s: " + errors());
        }
        return process.exitValue();
    }

    /** Kills it and its children, as a power failure would. */
    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
