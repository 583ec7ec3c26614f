// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.Picoseconds;

/** What is told of a run: who did what and when, what must hold in the end, and values over time. */
public final class Story {
    private final EventLoop clock;
    private final Consumer<String> out;
    private final List<Curve> curves = new ArrayList<>();
    private int held;
    private int failed;

    /**
     * Values over time.
     *
     * @param name whose
     * @param times in microseconds
     * @param values one for each time
     */
    public record Curve(String name, double[] times, double[] values) {}

    /**
     * A story that has not begun.
     *
     * @param clock whose time is told
     * @param out takes the lines, without their ends
     */
    public Story(EventLoop clock, Consumer<String> out) {
        this.clock = clock;
        this.out = out;
    }

    /** Tells of something that happens now. */
    public void tell(String who, String what) {
        out.accept(String.format(
                Locale.ROOT, "%12.3f us  %-12s %s", (double) clock.now() / Picoseconds.PER_MICROSECOND, who, what));
    }

    /** Tells what is of no time. */
    public void say(String what) {
        out.accept(what);
    }

    /** Says that something must hold, and whether it does. */
    public void check(String what, boolean holds) {
        out.accept((holds ? "holds   " : "FAILS   ") + what);
        if (holds) {
            held++;
        } else {
            failed++;
        }
    }

    /** Adds values over time, which a report plots. */
    public void curve(Curve c) {
        curves.add(c);
    }

    /** Values over time, in the order in which they were added. */
    public List<Curve> curves() {
        return List.copyOf(curves);
    }

    /** What holds of that which must. */
    public int held() {
        return held;
    }

    /** What does not. */
    public int failed() {
        return failed;
    }
}
