// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import java.util.Arrays;

/**
 * The clock of a simulation, and what is to happen when. The clock stands still between events and jumps to the next one: an idle
 * second costs nothing. Events of one time go off in the order in which they were scheduled.
 *
 * <p>A handler that throws leaves the loop as it is after that event; the exception goes to who runs the loop. A handler may run
 * the loop itself, as software does that waits for a device: what goes off meanwhile goes off inside it, and {@link #now} moves on.
 *
 * <p>Allocates only when more events are pending than ever before.
 */
public final class EventLoop {
    /** The most events that can be pending at once. */
    public static final int MAX_PENDING = 1 << 24;

    private static final int INITIAL = 64;
    private static final int INDEX_BITS = 24;
    private static final long SEQUENCE_MASK = (1L << 63 - INDEX_BITS) - 1;
    private static final long FREE = -1;

    /** An event: its handle at 2i, or {@link #FREE}, and its data, or the next free one, at 2i + 1. */
    private long[] events = new long[0];

    private EventHandler[] handlers = new EventHandler[0];
    private int free = EventOrder.NONE;

    private final EventOrder order;
    private long now;
    private long scheduled;
    private long executed;

    /** A loop at time 0 with the queue that suits nearly everything, {@link CalendarQueue}. */
    public EventLoop() {
        this(new CalendarQueue());
    }

    /** A loop at time 0 with an empty queue that nobody else uses. */
    public EventLoop(EventOrder order) {
        this.order = order;
    }

    /** The time, in ps. */
    public long now() {
        return now;
    }

    /**
     * Has a handler called at a time.
     *
     * @param time in ps, not before {@link #now}
     * @param data handed on to the handler
     * @return a handle for {@link #cancel}, never negative; good until the event has gone off
     * @throws IllegalArgumentException when the time is in the past
     * @throws IllegalStateException when {@link #MAX_PENDING} events are pending
     */
    public long schedule(long time, EventHandler handler, long data) {
        if (time < now) {
            throw new IllegalArgumentException("event at " + time + " ps, but it is already " + now + " ps");
        }
        if (free == EventOrder.NONE) {
            grow();
        }
        int event = free;
        free = (int) events[2 * event + 1];
        long handle = (scheduled++ & SEQUENCE_MASK) << INDEX_BITS | event;
        events[2 * event] = handle;
        events[2 * event + 1] = data;
        handlers[event] = handler;
        order.push(event, time);
        return handle;
    }

    private void grow() {
        int count = handlers.length;
        if (count == MAX_PENDING) {
            throw new IllegalStateException("more than " + MAX_PENDING + " events are pending");
        }
        int more = Math.max(INITIAL, 2 * count);
        handlers = Arrays.copyOf(handlers, more);
        events = Arrays.copyOf(events, 2 * more);
        for (int event = more - 1; event >= count; event--) {
            release(event);
        }
    }

    private void release(int event) {
        events[2 * event] = FREE;
        events[2 * event + 1] = free;
        free = event;
    }

    /**
     * Takes an event back.
     *
     * @param handle what {@link #schedule} returned; one whose event has gone off or was cancelled is harmless, as is -1
     * @return whether the event was pending
     */
    public boolean cancel(long handle) {
        int event = (int) handle & MAX_PENDING - 1;
        if (handle < 0 || event >= handlers.length || events[2 * event] != handle) {
            return false;
        }
        order.remove(event);
        release(event);
        return true;
    }

    /** Executes the next event; returns whether there was one. */
    public boolean step() {
        if (order.size() == 0) {
            return false;
        }
        now = order.firstTime();
        int event = order.pop();
        long data = events[2 * event + 1];
        EventHandler handler = handlers[event];
        release(event);
        executed++;
        handler.fire(now, data);
        return true;
    }

    /**
     * Executes the next event, unless it is later than a time: then the clock is set to that. Where no event is left it stands still.
     *
     * @param time in ps; one in the past is now
     * @return whether an event was executed
     */
    public boolean stepUntil(long time) {
        if (order.size() != 0 && order.firstTime() > time) {
            now = Math.max(now, time);
            return false;
        }
        return step();
    }

    /** Executes events until none is left. */
    public void run() {
        boolean more = true;
        while (more) {
            more = step();
        }
    }

    /**
     * Executes all events up to and including a time, to which the clock is then set.
     *
     * @param time in ps; one in the past is now
     */
    public void runUntil(long time) {
        boolean more = true;
        while (more) {
            more = stepUntil(time);
        }
        now = Math.max(now, time);
    }

    /** Number of events that are still to go off. */
    public int pending() {
        return order.size();
    }

    /** Number of events that have gone off. */
    public long executed() {
        return executed;
    }
}
