// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.util.EnumMap;
import java.util.Map;
import org.iommuemu.trace.pattern.PatternOption;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code trace generate} that only some patterns take. */
final class PatternOptions {
    @Option(
            names = "--window",
            paramLabel = "BYTES",
            description = "what the accesses of a tenant go to, a power of two")
    private @Nullable Double window;

    @Option(names = "--page-shift", paramLabel = "N", description = "log2 of the size of pages: 12, 21 or 30")
    private @Nullable Double pageShift;

    @Option(
            names = "--length",
            paramLabel = "BYTES",
            description = "of an access; of nvme and accelerator of a command")
    private @Nullable Double length;

    @Option(names = "--stride", paramLabel = "BYTES", description = "from one access to the next, of strided")
    private @Nullable Double stride;

    @Option(names = "--skew", paramLabel = "S", description = "exponent of Zipf's law, of zipf")
    private @Nullable Double skew;

    @Option(names = "--reads", paramLabel = "SHARE", description = "of accesses or commands that read, 0 to 1")
    private @Nullable Double reads;

    @Option(names = "--interval", paramLabel = "NS", description = "from one access or command to the next")
    private @Nullable Double interval;

    @Option(names = "--burst", paramLabel = "N", description = "accesses of a burst, of bursty")
    private @Nullable Double burst;

    @Option(names = "--idle", paramLabel = "NS", description = "silence between two bursts on average, of bursty")
    private @Nullable Double idle;

    @Option(names = "--phase", paramLabel = "N", description = "accesses of a tenant in a phase, of phases")
    private @Nullable Double phase;

    @Option(names = "--depth", paramLabel = "N", description = "commands under way at once, of nvme")
    private @Nullable Double depth;

    @Option(names = "--pasids", paramLabel = "N", description = "of each stream, of accelerator")
    private @Nullable Double pasids;

    /** Those that are there. */
    Map<PatternOption, Double> given() {
        Map<PatternOption, Double> given = new EnumMap<>(PatternOption.class);
        put(given, PatternOption.WINDOW, window);
        put(given, PatternOption.PAGE_SHIFT, pageShift);
        put(given, PatternOption.LENGTH, length);
        put(given, PatternOption.STRIDE, stride);
        put(given, PatternOption.SKEW, skew);
        put(given, PatternOption.READS, reads);
        put(given, PatternOption.INTERVAL, interval);
        put(given, PatternOption.BURST, burst);
        put(given, PatternOption.IDLE, idle);
        put(given, PatternOption.PHASE, phase);
        put(given, PatternOption.DEPTH, depth);
        put(given, PatternOption.PASIDS, pasids);
        return given;
    }

    private static void put(Map<PatternOption, Double> given, PatternOption option, @Nullable Double value) {
        if (value != null) {
            given.put(option, value);
        }
    }
}
