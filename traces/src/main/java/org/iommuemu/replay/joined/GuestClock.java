// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.util.Set;
import java.util.TreeSet;
import org.iommuemu.capture.JoinedRow;

/**
 * The clock of the kernel whose calls are recorded, as far as the times of the rows tell it: it goes on with them, but stands still while
 * the machine is stopped. That it was stopped shows where a timer is due and no row comes for long.
 */
final class GuestClock {
    /** Without any row although a timer is due, the machine is stopped: in µs. */
    static final long STOP = 100_000;

    private final Set<Integer> unflushed = new TreeSet<>();
    private long row;
    private long now;
    private long stopped;
    private int stops;
    private boolean started;

    /**
     * A row comes.
     *
     * @return whether it is a command that invalidates a whole domain in which something was unmapped since the last one: a flush
     */
    boolean see(JoinedRow r) {
        if (!started) {
            started = true;
            row = r.time();
            now = r.time();
        }
        long gap = Math.max(0, r.time() - row);
        row += gap;
        if (gap > STOP && !unflushed.isEmpty()) {
            stops++;
            stopped += gap;
        } else {
            now += gap;
        }
        return switch (r.kind()) {
            case UNMAP -> {
                unflushed.add(r.domain());
                yield false;
            }
            case COMMAND -> unflushed.remove(r.domain()) && !r.hasRange();
            case MAP, DMA -> false;
        };
    }

    /** The time, in µs. */
    long now() {
        return now;
    }

    /** How often the machine was stopped. */
    int stops() {
        return stops;
    }

    /** For how long, in µs. */
    long stopped() {
        return stopped;
    }
}
