// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import java.util.Arrays;

/** A few times in ascending order. */
final class SortedTimes {
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
        int low = 0;
        int high = size;
        while (low < high) {
            int middle = low + high >>> 1;
            if (times[middle] <= time) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
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

    /** Removes {@code count} times from an index on. */
    void remove(int index, int count) {
        System.arraycopy(times, index + count, times, index, size - index - count);
        size -= count;
    }
}
