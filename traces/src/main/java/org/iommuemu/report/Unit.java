// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import org.iommuemu.time.Picoseconds;

/** Units of time for an axis. */
enum Unit {
    NANOSECONDS("ns", Picoseconds.PER_NANOSECOND),
    MICROSECONDS("µs", Picoseconds.PER_MICROSECOND),
    MILLISECONDS("ms", 1000 * Picoseconds.PER_MICROSECOND),
    SECONDS("s", Picoseconds.PER_SECOND);

    private static final long LARGE = 10_000;

    private final String text;
    private final double picoseconds;

    Unit(String text, long picoseconds) {
        this.text = text;
        this.picoseconds = picoseconds;
    }

    /** The smallest one in which a time has four digits at most. */
    static Unit of(long time) {
        Unit unit = NANOSECONDS;
        while (unit != SECONDS && time / unit.picoseconds >= LARGE) {
            unit = values()[unit.ordinal() + 1];
        }
        return unit;
    }

    String text() {
        return text;
    }

    double picoseconds() {
        return picoseconds;
    }
}
