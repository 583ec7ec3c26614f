// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

/**
 * Which of the things that match are hit. Those within the window are counted from 1.
 *
 * @param first the first one that may be hit
 * @param every how many lie from one to the next; 0 for no next
 * @param probability with which each of these is hit
 * @param most hits
 * @param from when the window begins, in ps
 * @param until when it ends, in ps, itself outside
 */
public record Occasion(long first, long every, double probability, long most, long from, long until) {
    /**
     * Checks it.
     *
     * @throws IllegalArgumentException naming the field, its value and what is legal
     */
    public Occasion {
        check(first >= 1, "first", first, "a number from 1");
        check(every >= 0, "every", every, "a number from 0");
        check(probability > 0 && probability <= 1, "probability", probability, "more than 0 and at most 1");
        check(most >= 1, "most", most, "a number from 1");
        check(from >= 0, "from", from, "a time of at least 0 ps");
        check(until > from, "until", until, "a time after from");
    }

    private static void check(boolean good, String field, Object value, String expected) {
        if (!good) {
            throw new IllegalArgumentException(field + " is " + value + "; expected " + expected);
        }
    }

    /** All of them. */
    public static Occasion always() {
        return everyNth(1);
    }

    /** The {@code n}th alone, from 1. */
    public static Occasion nth(long n) {
        return new Occasion(n, 0, 1, Long.MAX_VALUE, 0, Long.MAX_VALUE);
    }

    /** The {@code n}th, the {@code 2n}th and so on. */
    public static Occasion everyNth(long n) {
        check(n >= 1, "every", n, "a number from 1");
        return new Occasion(n, n, 1, Long.MAX_VALUE, 0, Long.MAX_VALUE);
    }

    /** Each with a probability. */
    public static Occasion chance(double probability) {
        return new Occasion(1, 1, probability, Long.MAX_VALUE, 0, Long.MAX_VALUE);
    }

    /** The same within a window of time, in ps, its end outside. */
    public Occasion within(long begin, long end) {
        return new Occasion(first, every, probability, most, begin, end);
    }

    /** The same, but no more often. */
    public Occasion atMost(long hits) {
        return new Occasion(first, every, probability, hits, from, until);
    }
}
