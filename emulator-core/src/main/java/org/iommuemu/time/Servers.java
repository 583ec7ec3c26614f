// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

/**
 * Equal servers, each of which is free from some time on. Of those that are free when one is needed, the one that has been free
 * for the shortest time is taken (best fit): those that were free earlier remain for reservations that come later and are for an
 * earlier time. When none is free, the one that will be first.
 */
final class Servers {
    private static final int NONE = -1;

    private final int count;
    /** When the servers that are not taken become free; and, at {@link #vacant}, when the one taken last had become free. */
    private final SortedTimes free;

    /** Index of a time that is to be replaced by the next one; {@link #NONE} for none. */
    private int vacant = NONE;

    private int peak;

    Servers(int count) {
        this.count = count;
        free = new SortedTimes(count);
        for (int i = 0; i < count; i++) {
            free.add(0);
        }
    }

    /** Takes a server from the earliest time on that is not before {@code at}; returns that time. */
    long take(long at) {
        if (vacant != NONE) {
            free.remove(vacant, 1);
            vacant = NONE;
        }
        if (free.size() == 0) {
            throw new IllegalStateException("all " + count + " are taken until further notice");
        }
        int fitting = free.countAtMost(at) - 1;
        long start = fitting >= 0 ? at : free.get(0);
        int idle = fitting >= 0 ? fitting + 1 : free.countAtMost(start);
        vacant = Math.max(fitting, 0);
        peak = Math.max(peak, count - idle + 1);
        return start;
    }

    /** Gives a server back: it is free from {@code until} on. */
    void give(long until) {
        if (vacant == NONE) {
            free.add(until);
        } else {
            free.replace(vacant, until);
            vacant = NONE;
        }
    }

    int count() {
        return count;
    }

    /** The most that were taken at once, as seen when one was taken. */
    int peak() {
        return peak;
    }

    void resetPeak() {
        peak = 0;
    }
}
