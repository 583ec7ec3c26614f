// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import java.math.BigInteger;
import java.util.Arrays;

/**
 * A channel through which bytes pass at a rate: a direction of a link, a memory channel. The rate is an exact fraction and so are
 * the ends of transfers inside; what is returned is rounded up to the picosecond, and nothing drifts.
 *
 * <p>In order of time, transfers follow each other without a gap, first come, first served, exactly. A transfer that is reserved
 * for an earlier time than a predecessor's is booked in windows of time: it takes what is left of the capacity of its window,
 * and of the next ones if that is not enough, as if what is booked in a window were booked at its start. So never does more pass
 * in a window than can, while within one window transfers out of order may overlap.
 *
 * <pre>
 *   window     |####......|##########|######....|          # booked
 *                    ^ a transfer for this time: here, and what does not fit behind, two windows on
 * </pre>
 *
 * <p>{@value #WINDOWS} windows are remembered. A window gives way when one {@value #WINDOWS} later is booked; out of order, it
 * then counts as full.
 */
public final class Bandwidth extends Resource {
    /** A window if not said otherwise, in ps: about 65 ns. */
    public static final long DEFAULT_WINDOW = 1L << 16;

    private static final long MAX_WINDOW = 1L << 22;
    private static final int WINDOWS = 4096;

    /** A window's record: its number, ticks booked, and, when it is full, a later window up to which all are full. */
    private static final int STRIDE = 3;

    private static final int NUMBER = 0;

    private static final int USED = 1;
    private static final int SKIP = 2;
    private static final int NEVER = -1;

    private final int shift;
    /** A tick is {@code 1 / ticksPerPicosecond} ps, and a byte takes {@code ticksPerByte} of them. */
    private final long ticksPerPicosecond;

    private final long ticksPerByte;
    /** Ticks of one window. */
    private final long capacity;

    private final long[] windows = new long[STRIDE * WINDOWS];
    /** The latest time for which a transfer was reserved. */
    private long latest;
    /** Where the latest transfer ends: window, and ticks within it. */
    private long lastWindow;

    private long lastTicks;

    /** Windows from one up to, but not including, another that are all forgotten: those that were met last. */
    private long forgottenFrom;

    private long forgottenTo;

    private long bytesPassed;
    private long fullest;

    /** An idle channel with windows of {@link #DEFAULT_WINDOW}. */
    public Bandwidth(String name, ByteRate rate) {
        this(name, rate, DEFAULT_WINDOW);
    }

    /**
     * An idle channel.
     *
     * @param name what reports call it
     * @param window length of a window in ps, a power of two, 1 to 2^22
     * @throws IllegalArgumentException when the window is not of this kind
     */
    public Bandwidth(String name, ByteRate rate, long window) {
        super(name);
        if (window < 1 || window > MAX_WINDOW || Long.bitCount(window) != 1) {
            throw new IllegalArgumentException(
                    name + ": window of " + window + " ps is not a power of two in 1.." + MAX_WINDOW);
        }
        shift = Long.numberOfTrailingZeros(window);
        ticksPerPicosecond = rate.bytes();
        ticksPerByte = rate.picoseconds();
        capacity = window * ticksPerPicosecond;
        Arrays.fill(windows, NEVER);
    }

    /**
     * Sends bytes through.
     *
     * @param at when the first is there, in ps
     * @param bytes how many, from 0 to 2^63 / {@link ByteRate#picoseconds}
     * @return when the last one is through, in ps, rounded up
     */
    public long transfer(Waiter who, long at, long bytes) {
        long ticks = bytes * ticksPerByte;
        long number = at >>> shift;
        long offset = (at - (number << shift)) * ticksPerPicosecond;
        if (at >= latest) {
            latest = at;
            if (lastWindow > number || lastWindow == number && lastTicks > offset) {
                number = lastWindow;
                offset = lastTicks;
            }
        }
        long end = book(number, offset, ticks);
        bytesPassed += bytes;
        who.count(end - at - picoseconds(ticks));
        return end;
    }

    /** Books ticks from a place on; returns the time of the end in ps. */
    private long book(long from, long fromOffset, long ticks) {
        long number = from;
        long offset = fromOffset;
        long rest = ticks;
        while (true) {
            int at = recordOf(number);
            boolean forgotten = windows[at + NUMBER] != number;
            long used = forgotten ? capacity : windows[at + USED];
            long taken = Math.min(rest, Math.min(capacity - used, capacity - offset));
            rest -= taken;
            if (!forgotten) {
                windows[at + USED] = used + taken;
                fullest = Math.max(fullest, used + taken);
            }
            if (rest == 0) {
                skipFull(from, number);
                return end(number, Math.max(offset, used) + taken);
            }
            number = forgotten ? afterForgotten(number) : used == capacity ? windows[at + SKIP] : number + 1;
            offset = 0;
        }
    }

    /** The window to go on with; windows once forgotten remain so. */
    private long afterForgotten(long number) {
        if (number < forgottenFrom || number > forgottenTo) {
            forgottenFrom = number;
            forgottenTo = number;
        }
        if (number == forgottenTo) {
            forgottenTo++;
        }
        return forgottenTo;
    }

    /** The record of a window, which is new if it was that of an earlier one. */
    private int recordOf(long number) {
        int at = STRIDE * (int) (number & WINDOWS - 1);
        if (windows[at + NUMBER] < number) {
            windows[at + NUMBER] = number;
            windows[at + USED] = 0;
            windows[at + SKIP] = number + 1;
        }
        return at;
    }

    /** Lets full windows between two, not counting the second, point to the latter. */
    private void skipFull(long from, long to) {
        long number = from;
        while (number < to) {
            int at = recordOf(number);
            if (windows[at + NUMBER] != number) {
                number = afterForgotten(number);
            } else if (windows[at + USED] == capacity) {
                number = windows[at + SKIP];
                windows[at + SKIP] = to;
            } else {
                number++;
            }
        }
    }

    private long end(long number, long ticks) {
        if (number > lastWindow || number == lastWindow && ticks > lastTicks) {
            lastWindow = number;
            lastTicks = ticks;
        }
        return (number << shift) + picoseconds(ticks);
    }

    private long picoseconds(long ticks) {
        return (ticks + ticksPerPicosecond - 1) / ticksPerPicosecond;
    }

    /** The share of time in which bytes pass, so 1. */
    @Override
    double capacity() {
        return 1;
    }

    @Override
    long busy() {
        // Of a fine rate, such as that of a link, both parts are so large that the product is not a long.
        return BigInteger.valueOf(bytesPassed)
                .multiply(BigInteger.valueOf(ticksPerByte))
                .divide(BigInteger.valueOf(ticksPerPicosecond))
                .longValue();
    }

    @Override
    double peak() {
        return (double) fullest / capacity;
    }

    @Override
    void resetOccupancy() {
        bytesPassed = 0;
        fullest = 0;
    }
}
