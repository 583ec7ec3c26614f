// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An event of the kernel's {@code trace} file or of {@code trace-cmd report}: {@code task-pid [cpu] flags seconds: name: text}.
 *
 * @param context the task, and of what it runs: an interrupt's calls are not those of the task that it stops
 * @param time ps of the trace's clock
 */
record FtraceEvent(long context, long time, String name, String text) {
    private static final Pattern LINE = Pattern.compile(
            "\\s*\\S.*?-(\\d+)\\s+(?:\\([-\\d\\s]+\\)\\s+)?\\[(\\d+)]\\s+(?:(\\S*[^\\d:]\\S*)\\s+)?(\\d+)\\.(\\d+):\\s+(\\w+):\\s*(.*)");
    private static final int PICO_DIGITS = 12;
    private static final long PS_PER_SECOND = 1_000_000_000_000L;
    private static final long LATEST_SECOND = Long.MAX_VALUE / PS_PER_SECOND - 1;
    /** Place of the interrupt flag in the flags: {@code irqs-off, need-resched, hardirq/softirq, ...}. */
    private static final int INTERRUPT_FLAG = 2;

    private static final int LEVELS = 4;

    /** The event of a line, or null if it is none. */
    static @Nullable FtraceEvent of(String line) {
        Matcher m = LINE.matcher(line);
        if (!m.matches()
                || m.group(4).length() > 10
                || m.group(5).length() > PICO_DIGITS
                || m.group(1).length() > 9) {
            return null;
        }
        long seconds = Long.parseLong(m.group(4));
        if (seconds > LATEST_SECOND || m.group(2).length() > 6) {
            return null;
        }
        long fraction = Long.parseLong(m.group(5));
        for (int digits = m.group(5).length(); digits < PICO_DIGITS; digits++) {
            fraction *= 10;
        }
        long pid = Long.parseLong(m.group(1));
        long task = pid == 0 ? -1 - Long.parseLong(m.group(2)) : pid;
        return new FtraceEvent(
                task * LEVELS + level(m.group(3)), seconds * PS_PER_SECOND + fraction, m.group(6), m.group(7));
    }

    private static int level(@Nullable String flags) {
        if (flags == null || flags.length() <= INTERRUPT_FLAG) {
            return 0;
        }
        return switch (flags.charAt(INTERRUPT_FLAG)) {
            case 's' -> 1;
            case 'h', 'H' -> 2;
            case 'z', 'Z' -> 3;
            default -> 0;
        };
    }

    /** What follows {@code name=} up to the next blank, or null if it is not there. */
    @Nullable
    String field(String name) {
        String key = name + "=";
        for (int at = text.indexOf(key); at >= 0; at = text.indexOf(key, at + 1)) {
            if (at == 0 || !Character.isLetterOrDigit(text.charAt(at - 1)) && text.charAt(at - 1) != '_') {
                int from = at + key.length();
                int end = text.indexOf(' ', from);
                return text.substring(from, end < 0 ? text.length() : end);
            }
        }
        return null;
    }

    /** The word that the text begins with: the device of a {@code dma} event. */
    String firstWord() {
        int end = text.indexOf(' ');
        return end < 0 ? text : text.substring(0, end);
    }
}
