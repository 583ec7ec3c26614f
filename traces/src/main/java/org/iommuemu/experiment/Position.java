// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

/**
 * Where in a series a point stands.
 *
 * @param text for people
 * @param value along the series, or NaN where there is no order to it
 */
public record Position(String text, double value) {
    private static final long KIB = 1 << 10;
    private static final long MIB = 1 << 20;

    /** A transfer of a size. */
    static Position transfer(long bytes) {
        return new Position(bytes + " B", bytes);
    }

    /** A window of a size. */
    static Position window(long bytes) {
        return new Position(sized(bytes), bytes);
    }

    /** A name. */
    static Position named(String name) {
        return new Position(name, Double.NaN);
    }

    private static String sized(long bytes) {
        if (bytes < MIB) {
            return bytes / KIB + " KiB";
        }
        return bytes % MIB == 0 ? bytes / MIB + " MiB" : (double) bytes / MIB + " MiB";
    }

    /** Whether it has a place on an axis. */
    public boolean isOnAxis() {
        return !Double.isNaN(value);
    }

    @Override
    public String toString() {
        return text;
    }
}
