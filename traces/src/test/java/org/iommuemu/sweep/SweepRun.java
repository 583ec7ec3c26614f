// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.iommuemu.cli.Main;

/** The command {@code sweep}, in this JVM or in one of its own. */
record SweepRun(int status, String out, String err) {
    /** Runs it here. */
    static SweepRun of(Object... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int status =
                Main.run(new PrintWriter(out), new PrintWriter(err), words(args).toArray(String[]::new));
        return new SweepRun(status, out.toString(), err.toString());
    }

    /** Starts it in a JVM of its own, with what it prints in a file. */
    static Process start(Path log, Object... args) throws IOException {
        return start(Path.of(ProcessHandle.current().info().command().orElseThrow()), log, args);
    }

    /** The same in the JVM of another JDK. */
    static Process start(Path java, Path log, Object... args) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(java.toString());
        command.add("@" + root().resolve("config").resolve("jvm.flags"));
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path")));
        command.add(Main.class.getName());
        command.addAll(words(args));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }

    private static List<String> words(Object... args) {
        List<String> words = new ArrayList<>(List.of("sweep"));
        Arrays.stream(args).map(Object::toString).forEach(words::add);
        return words;
    }

    /** Names of what is in a folder, those of folders with what is in them. */
    static List<String> files(Path folder) throws IOException {
        try (var all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile)
                    .map(f -> folder.relativize(f).toString().replace(File.separatorChar, '/'))
                    .sorted()
                    .toList();
        }
    }

    private static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("emulator-core"))) {
            folder = folder.getParent();
        }
        return folder;
    }
}
