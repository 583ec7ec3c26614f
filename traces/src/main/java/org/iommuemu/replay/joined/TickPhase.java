// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

/**
 * When in a jiffy the tick of a kernel comes, found from when its timers have run: that is after a tick, mostly soon. Of all possible times
 * the one is taken after which they came the soonest in all.
 */
final class TickPhase {
    /** What a timer takes from its tick on to the command that it sends, at least: in µs. */
    private static final int SOONEST = 100;

    private final int jiffy;
    private final int[] seen;

    /**
     * Nothing seen yet.
     *
     * @param jiffy in µs
     */
    TickPhase(int jiffy) {
        this.jiffy = jiffy;
        seen = new int[jiffy];
    }

    /** A timer has run. */
    void ran(long time) {
        seen[(int) (time % jiffy)]++;
    }

    /** When in a jiffy the tick comes, in µs; 0 if nothing was seen. */
    int phase() {
        int best = 0;
        long least = Long.MAX_VALUE;
        for (int phase = 0; phase < jiffy; phase++) {
            if (seen[phase] > 0) {
                long late = lateness(phase);
                if (late < least) {
                    least = late;
                    best = phase;
                }
            }
        }
        return least == Long.MAX_VALUE ? 0 : Math.floorMod(best - SOONEST, jiffy);
    }

    private long lateness(int phase) {
        long sum = 0;
        for (int at = 0; at < jiffy; at++) {
            sum += (long) seen[at] * Math.floorMod(at - phase, jiffy);
        }
        return sum;
    }
}
