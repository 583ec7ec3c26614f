// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Where something is measured.
 *
 * @param processor model, family and number of processors that are there
 * @param caches of the first of them
 * @param kernel of the system
 * @param jdk maker and version
 * @param flags of the JVM
 * @param load mean number of running threads in the last minute, before the first row
 * @param date in UTC
 * @param commit what is measured
 */
record Environment(
        String processor,
        String caches,
        String kernel,
        String jdk,
        String flags,
        String load,
        String date,
        String commit) {
    private static final Path PROCESSORS = Path.of("/proc/cpuinfo");
    private static final Path CACHES = Path.of("/sys/devices/system/cpu/cpu0/cache");
    private static final String UNKNOWN = "unknown";

    /** This JVM's. */
    static Environment now(String commit) {
        return new Environment(
                readProcessor(),
                readCaches(),
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                (System.getProperty("java.vm.name") + " " + System.getProperty("java.vendor.version", "")).strip() + " "
                        + Runtime.version(),
                String.join(" ", ManagementFactory.getRuntimeMXBean().getInputArguments()),
                String.format(
                        Locale.ROOT,
                        "%.2f",
                        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage()),
                LocalDate.now(ZoneOffset.UTC).toString(),
                commit);
    }

    private static String readProcessor() {
        List<String> lines = lines(PROCESSORS);
        return field(lines, "model name") + ", family " + field(lines, "cpu family") + ", model "
                + field(lines, "model") + ", " + Runtime.getRuntime().availableProcessors() + " processors";
    }

    private static String field(List<String> lines, String name) {
        return lines.stream()
                .map(line -> line.split(":", 2))
                .filter(parts -> parts.length == 2 && parts[0].strip().equals(name))
                .map(parts -> parts[1].strip())
                .findFirst()
                .orElse(UNKNOWN);
    }

    private static String readCaches() {
        List<String> found = new ArrayList<>();
        for (int i = 0; Files.isDirectory(CACHES.resolve("index" + i)); i++) {
            Path cache = CACHES.resolve("index" + i);
            found.add("L" + word(cache, "level") + " " + word(cache, "type").toLowerCase(Locale.ROOT) + " "
                    + word(cache, "size"));
        }
        return found.isEmpty() ? UNKNOWN : String.join(", ", found);
    }

    private static String word(Path folder, String name) {
        return lines(folder.resolve(name)).stream().findFirst().orElse(UNKNOWN);
    }

    /** None where the system does not tell. */
    private static List<String> lines(Path file) {
        try {
            return Files.isReadable(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            return List.of(UNKNOWN + ": " + e.getMessage());
        }
    }

    /** A line for each. */
    String text() {
        return List.of(
                        "processor  " + processor,
                        "caches     " + caches,
                        "kernel     " + kernel,
                        "JDK        " + jdk,
                        "flags      " + flags,
                        "load       " + load,
                        "date       " + date,
                        "commit     " + commit)
                .stream()
                .collect(Collectors.joining("\n", "", "\n"));
    }
}
