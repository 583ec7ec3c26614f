// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import java.util.Arrays;

/** A few times in ascending order. */
final class SortedTimes {
    /** Up to this many are compared one by one. */
    private static final int FEW = 4;

    private long[] times;
    private int size;

    SortedTimes(int capacity) {
        times = new long[capacity];
    }

    int size() {
        return size;
    }

    long get(int index) {
        return times[index];
    }

    /** How many are not after {@code time}; the others have this index and above. */
    int countAtMost(long time) {
        if (size <= FEW) {
            int count = size;
            while (count > 0 && times[count - 1] > time) {
                count--;
            }
            return count;
        }
        int from = 0;
        for (int left = size; left > 0; ) { // halves by a conditional move: nobody could predict the branch
            int half = left + 1 >>> 1;
            from = times[from + half - 1] <= time ? from + half : from;
            left -= half;
        }
        return from;
    }

    void add(long time) {
        if (size == times.length) {
            times = Arrays.copyOf(times, 2 * size);
        }
        int index = countAtMost(time);
        System.arraycopy(times, index, times, index + 1, size - index);
        times[index] = time;
        size++;
    }

    /** Puts another time in the place of one. */
    void replace(int index, long time) {
        int to = countAtMost(time);
        if (to > index) {
            to--;
            System.arraycopy(times, index + 1, times, index, to - index);
        } else {
            System.arraycopy(times, to, times, to + 1, index - to);
        }
        times[to] = time;
    }

    /** Removes {@code count} times from an index on. */
    void remove(int index, int count) {
        System.arraycopy(times, index + count, times, index, size - index - count);
        size -= count;
    }
}
