// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks.result;

/**
 * The same row of two runs. Ratios are of the time of one operation, new to old: above 1 is slower, whatever was counted.
 *
 * @param before the old one
 * @param after the new one
 */
record Comparison(Row before, Row after) {
    /** What can be said of the difference. */
    enum Verdict {
        /** Less time, by more than the error. */
        FASTER("faster"),
        /** More time, by more than the error. */
        SLOWER("slower"),
        /** Within the error. */
        SAME("same"),
        /** No error is known. */
        UNKNOWN("?");

        private final String label;

        Verdict(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    double ratio() {
        return after.nanos() / before.nanos();
    }

    /** Error of the ratio by those of both scores, taken as independent; NaN if one has none. */
    double error() {
        return ratio() * Math.hypot(before.relativeError(), after.relativeError());
    }

    Verdict verdict() {
        if (Double.isNaN(error())) {
            return Verdict.UNKNOWN;
        }
        if (Math.abs(ratio() - 1) <= error()) {
            return Verdict.SAME;
        }
        return ratio() < 1 ? Verdict.FASTER : Verdict.SLOWER;
    }

    /** Whether the ratio is above a limit by more than the error; one without error counts as it is. */
    boolean isAbove(double limit) {
        double error = error();
        return ratio() - (Double.isNaN(error) ? 0 : error) > limit;
    }
}
