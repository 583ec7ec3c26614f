// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.pattern;

import java.math.BigDecimal;
import java.util.Locale;
import org.iommuemu.capture.InputException;

/** What some patterns let one choose. */
public enum PatternOption {
    /** Bytes that the accesses of an address space go to. */
    WINDOW(1 << 12, 1L << 36, Values.POWERS_OF_TWO),
    /** log2 of the size of pages. */
    PAGE_SHIFT(12, 30, Values.WHOLE),
    /** Bytes of an access, or of a command. */
    LENGTH(1, 1 << 21, Values.WHOLE),
    /** Bytes from one access to the next. */
    STRIDE(1, 1L << 36, Values.WHOLE),
    /** Exponent of Zipf's law. */
    SKEW(0, 10, Values.ALL),
    /** Part of the accesses that read. */
    READS(0, 1, Values.ALL),
    /** From one access or command to the next, in ns. */
    INTERVAL(0, 1e9, Values.ALL),
    /** Accesses of a burst. */
    BURST(1, 1 << 20, Values.WHOLE),
    /** From one burst to the next on average, in ns. */
    IDLE(0, 1e9, Values.ALL),
    /** Accesses of a tenant between two changes of what it uses. */
    PHASE(1, 1L << 40, Values.WHOLE),
    /** Commands under way at once. */
    DEPTH(1, 1024, Values.WHOLE),
    /** PASIDs of each stream. */
    PASIDS(1, 1 << 15, Values.WHOLE);

    private enum Values {
        ALL,
        WHOLE,
        POWERS_OF_TWO
    }

    private final double least;
    private final double most;
    private final Values values;

    PatternOption(double least, double most, Values values) {
        this.least = least;
        this.most = most;
        this.values = values;
    }

    /** Name on the command line, without dashes before it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** @throws InputException if the option cannot have that value */
    void check(double value) {
        boolean fits = value >= least && value <= most;
        boolean isWhole = value == Math.rint(value);
        boolean isPower = isWhole && Long.bitCount((long) value) == 1;
        if (!fits || values != Values.ALL && !isWhole || values == Values.POWERS_OF_TWO && !isPower) {
            String kind = values == Values.ALL ? "number" : values == Values.WHOLE ? "whole number" : "power of two";
            throw new InputException(
                    "--" + label() + " is " + text(value), "a " + kind + " from " + text(least) + " to " + text(most));
        }
    }

    static String text(double value) {
        return Double.isFinite(value)
                ? BigDecimal.valueOf(value).stripTrailingZeros().toPlainString()
                : Double.toString(value);
    }
}
