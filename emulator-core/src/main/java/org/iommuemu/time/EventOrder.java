// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

/**
 * A priority queue of events: the earliest leaves first, events of one time in the order in which they came (FIFO).
 *
 * <p>An event is a small number of its owner's choice, from 0 and densely used: memory follows the largest one. It is in the
 * queue at most once, which is not checked. Times are in ps, 0 to {@link Long#MAX_VALUE}, in any order: also earlier than what
 * has already left.
 */
public interface EventOrder {
    /** No event. */
    int NONE = -1;

    /** Adds an event that is not in the queue, after all events of the same time. */
    void push(int event, long time);

    /** The time of the event that {@link #pop} would return, in ps; undefined when the queue is empty. */
    long firstTime();

    /** Removes and returns the first event, or {@link #NONE}. */
    int pop();

    /** Removes an event that is in the queue. */
    void remove(int event);

    /** Number of events in the queue. */
    int size();
}
