// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.stat;

/** How many values are 0, 1, 2 to 3, 4 to 7 and so on. */
public final class PowerHistogram {
    private final long[] counts = new long[Long.SIZE + 1];
    private long count;

    /** Adds a value, which is taken as unsigned. */
    public void add(long value) {
        add(value, 1);
    }

    /** Adds a value so many times. */
    public void add(long value, long times) {
        counts[Long.SIZE - Long.numberOfLeadingZeros(value)] += times;
        count += times;
    }

    /** How many values there are. */
    public long count() {
        return count;
    }

    /** The least class that is not empty, or 0. */
    public int first() {
        int first = 0;
        while (first < Long.SIZE && counts[first] == 0) {
            first++;
        }
        return count == 0 ? 0 : first;
    }

    /** The least class but that of 0 that is not empty, or 1. */
    public int firstPositive() {
        int first = 1;
        while (first < Long.SIZE && counts[first] == 0) {
            first++;
        }
        return counts[first] == 0 ? 1 : first;
    }

    /** One more than the last class that is not empty. */
    public int end() {
        int end = counts.length;
        while (end > 0 && counts[end - 1] == 0) {
            end--;
        }
        return end;
    }

    /** Values of a class: 0 is of 0, and n of 2^(n-1) to 2^n - 1. */
    public long of(int power) {
        return counts[power];
    }

    /** The least value of a class. */
    public static long least(int power) {
        return power == 0 ? 0 : 1L << power - 1;
    }

    /** The largest value of a class. */
    public static long most(int power) {
        return power == 0 ? 0 : -1L >>> Long.SIZE - power;
    }
}
