// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

import java.util.Arrays;

/** Which state each physical address is in: sorted starts of runs of equal state, searched by bisection. */
final class RangeMap {
    private long[] starts = {0};
    private RangeState[] states = {RangeState.PRESENT};

    /** The state of every byte from {@code first} to {@code last}: the first one that is not present, or present. */
    RangeState worst(long first, long last) {
        int i = indexOf(first);
        while (i < starts.length && starts[i] <= last) {
            if (states[i] != RangeState.PRESENT) {
                return states[i];
            }
            i++;
        }
        return RangeState.PRESENT;
    }

    /** Puts {@code [first, end)} into {@code state}. */
    void set(long first, long end, RangeState state) {
        long[] newStarts = new long[starts.length + 2];
        RangeState[] newStates = new RangeState[states.length + 2];
        int n = 0;
        for (int i = 0; i < starts.length && starts[i] < first; i++) {
            newStarts[n] = starts[i];
            newStates[n++] = states[i];
        }
        RangeState after = states[indexOf(end)];
        newStarts[n] = first;
        newStates[n++] = state;
        newStarts[n] = end;
        newStates[n++] = after;
        for (int i = 0; i < starts.length; i++) {
            if (starts[i] > end) {
                newStarts[n] = starts[i];
                newStates[n++] = states[i];
            }
        }
        merge(newStarts, newStates, n);
    }

    /** Takes over the first {@code n} runs, neighbours of equal state as one. */
    private void merge(long[] newStarts, RangeState[] newStates, int n) {
        int kept = 1;
        for (int i = 1; i < n; i++) {
            if (newStates[i] != newStates[kept - 1]) {
                newStarts[kept] = newStarts[i];
                newStates[kept++] = newStates[i];
            }
        }
        starts = Arrays.copyOf(newStarts, kept);
        states = Arrays.copyOf(newStates, kept);
    }

    boolean isAllPresent() {
        for (RangeState s : states) {
            if (s != RangeState.PRESENT) {
                return false;
            }
        }
        return true;
    }

    private int indexOf(long address) {
        int i = Arrays.binarySearch(starts, address);
        return i >= 0 ? i : -i - 2;
    }
}
