// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import java.util.Arrays;

/**
 * A calendar queue (Brown, CACM 31(10), 1988): a ring of buckets, each one slice of time and a short sorted list, and beside it
 * one heap for every event that the ring cannot place in a few steps. The first event is the earlier of the ring's first and the
 * heap's, so nothing ever moves from one to the other.
 *
 * <pre>
 *            cursor                             cursor + buckets
 *   ring    |--0--|--1--|--2--|  ...  |--n-1--|                      slices of 2^shift ps
 *              |           |
 *              a-b-c       d             bits: which buckets are not empty (BitTree)
 *   heap    far events (beyond the ring), crowded ones (more than WALK later events in their bucket), events of the past
 * </pre>
 *
 * <p>O(1) while the ring fits the events, O(log n) as the heap where it does not; no search ever goes through empty slices. Every
 * so many events the width of a slice is chosen anew so that 15 of 16 recent events were within the ring, and the number of
 * buckets follows the events in the queue. 36 bytes an event and 4 a bucket, of which there are 4 to 8 for each event.
 */
public final class CalendarQueue implements EventOrder {
    private static final int MIN_BUCKETS = 256;
    /** At least so many buckets for each event in the queue, as a power of two. */
    private static final int BUCKETS_PER_EVENT_LOG2 = 2;
    /** How many later events an event may pass on its way to its place in a bucket. */
    private static final int WALK = 8;
    /** One event in this many may go to the heap because it is too far. */
    private static final int FAR_SHARE = 16;

    private static final int FIRST_EPOCH = 256;

    /** What an event is made of, in words: 32 bytes, half a line of the host's cache. */
    private static final int STRIDE_LOG2 = 2;

    private static final int TIME = 0;
    private static final int SEQUENCE = 1;
    /** Neighbours in the bucket's circular list, the last event being followed by the first. */
    private static final int NEXT = 2;

    private static final int PREVIOUS = 3;
    /** {@link #NEXT} of an event that is in the heap. */
    private static final int IN_HEAP = -2;

    private long[] events = new long[MIN_BUCKETS << STRIDE_LOG2];
    /** The last event of every bucket, or {@link #NONE}. */
    private int[] lasts = new int[MIN_BUCKETS];

    private BitTree occupied = new BitTree(MIN_BUCKETS);
    private int buckets = MIN_BUCKETS;
    private int shift = 10;
    /** Slices are numbered from time 0; no event of the ring is before this one, nor a whole ring after it. */
    private long cursor;

    private int inRing;
    /** First event of the ring; {@link #NONE} when it must be searched. */
    private int first = NONE;

    private final FourAryHeap heap = new FourAryHeap();
    private long sequence;
    /** When the latest event left. */
    private long now;

    private final Tuning tuning = new Tuning();

    /** A queue without events. */
    public CalendarQueue() {
        Arrays.fill(lasts, NONE);
    }

    @Override
    public void push(int event, long time) {
        if (event >= events.length >>> STRIDE_LOG2) {
            events = Arrays.copyOf(events, Math.max(event + 1, events.length >>> STRIDE_LOG2 - 1) << STRIDE_LOG2);
        }
        int at = event << STRIDE_LOG2;
        events[at + TIME] = time;
        events[at + SEQUENCE] = sequence++;
        place(event, time);
        if (tuning.count(time - now, size())) {
            tune();
        }
    }

    /** Puts an event, whose time and sequence are known, into its bucket or the heap. */
    private void place(int event, long time) {
        long slice = time >>> shift;
        long distance = slice - cursor;
        if (distance < 0 || distance >= buckets || !insert(event, time, (int) slice & buckets - 1)) {
            int at = event << STRIDE_LOG2;
            events[at + NEXT] = IN_HEAP;
            heap.push(event, time, events[at + SEQUENCE]);
            return;
        }
        if (inRing++ == 0 || first != NONE && time < timeOf(first)) {
            first = event;
        }
    }

    private boolean insert(int event, long time, int bucket) {
        int last = lasts[bucket];
        if (last == NONE) {
            lasts[bucket] = event;
            occupied.add(bucket);
            link(event, event);
            return true;
        }
        int before = last;
        for (int steps = 0; timeOf(before) > time; steps++) {
            if (steps == WALK) {
                return false;
            }
            before = (int) events[(before << STRIDE_LOG2) + PREVIOUS];
            if (before == last) { // all of them are later
                link(event, (int) events[(last << STRIDE_LOG2) + NEXT]);
                link(last, event);
                return true;
            }
        }
        link(event, (int) events[(before << STRIDE_LOG2) + NEXT]);
        link(before, event);
        if (before == last) {
            lasts[bucket] = event;
        }
        return true;
    }

    private void link(int before, int after) {
        events[(before << STRIDE_LOG2) + NEXT] = after;
        events[(after << STRIDE_LOG2) + PREVIOUS] = before;
    }

    @Override
    public long firstTime() {
        if (inRing == 0) {
            return heap.firstTime();
        }
        long time = timeOf(firstOfRing());
        return heap.size() == 0 ? time : Math.min(time, heap.firstTime());
    }

    @Override
    public int pop() {
        if (inRing == 0 || heap.size() != 0 && heapPrecedes(firstOfRing())) {
            if (heap.size() == 0) {
                return NONE;
            }
            advance(heap.firstTime());
            return heap.pop();
        }
        int event = firstOfRing();
        advance(timeOf(event));
        unlink(event);
        return event;
    }

    private boolean heapPrecedes(int event) {
        long time = timeOf(event);
        long other = heap.firstTime();
        return other < time || other == time && heap.firstSequence() < events[(event << STRIDE_LOG2) + SEQUENCE];
    }

    /** The first event has this time: the ring may begin there. */
    private void advance(long time) {
        now = time;
        cursor = Math.max(cursor, time >>> shift);
    }

    private int firstOfRing() {
        if (first == NONE) {
            first = (int) events[(lasts[nextOccupied()] << STRIDE_LOG2) + NEXT];
        }
        return first;
    }

    private int nextOccupied() {
        int bucket = occupied.next((int) cursor & buckets - 1);
        return bucket >= 0 ? bucket : occupied.next(0);
    }

    @Override
    public void remove(int event) {
        if (events[(event << STRIDE_LOG2) + NEXT] == IN_HEAP) {
            heap.remove(event);
        } else {
            unlink(event);
        }
    }

    private void unlink(int event) {
        int at = event << STRIDE_LOG2;
        int bucket = (int) (events[at + TIME] >>> shift) & buckets - 1;
        int next = (int) events[at + NEXT];
        inRing--;
        if (next == event) {
            lasts[bucket] = NONE;
            occupied.remove(bucket);
            first = event == first ? NONE : first;
            return;
        }
        link((int) events[at + PREVIOUS], next);
        if (event == lasts[bucket]) {
            lasts[bucket] = (int) events[at + PREVIOUS];
            next = NONE;
        }
        first = event == first ? next : first;
    }

    @Override
    public int size() {
        return inRing + heap.size();
    }

    /** Events in the heap. */
    int inHeap() {
        return heap.size();
    }

    /** How often the ring was laid out anew. */
    int layouts() {
        return tuning.layouts;
    }

    private long timeOf(int event) {
        return events[(event << STRIDE_LOG2) + TIME];
    }

    private void tune() {
        int wanted = tuning.buckets(buckets);
        int width = tuning.shift(wanted, shift);
        if (wanted != buckets || width != shift) {
            tuning.layouts++;
            layOut(wanted, width);
        }
        tuning.startEpoch(size());
    }

    /** Takes the ring apart, in order of time, and puts its events into a new one. */
    private void layOut(int newBuckets, int newShift) {
        int chain = NONE;
        int end = NONE;
        for (int left = inRing; left > 0; ) {
            int bucket = nextOccupied();
            int last = lasts[bucket];
            int head = (int) events[(last << STRIDE_LOG2) + NEXT];
            for (int event = head; ; event = (int) events[(event << STRIDE_LOG2) + NEXT]) {
                left--;
                if (event == last) {
                    break;
                }
            }
            occupied.remove(bucket);
            lasts[bucket] = NONE;
            if (chain == NONE) {
                chain = head;
            } else {
                events[(end << STRIDE_LOG2) + NEXT] = head;
            }
            end = last;
        }
        if (newBuckets > lasts.length) {
            lasts = new int[newBuckets];
            Arrays.fill(lasts, NONE);
            occupied = new BitTree(newBuckets);
        }
        buckets = newBuckets;
        shift = newShift;
        cursor = now >>> shift;
        first = NONE;
        int left = inRing;
        inRing = 0;
        for (int event = chain; left > 0; left--) {
            int next = (int) events[(event << STRIDE_LOG2) + NEXT];
            place(event, timeOf(event));
            event = next;
        }
    }

    /** What recent events were like, and the ring that would suit them. */
    private static final class Tuning {
        /** How many events were how far ahead, by the number of bits of the distance. */
        private final int[] distances = new int[Long.SIZE + 1];

        private int counted;
        private int epoch = FIRST_EPOCH;
        private int peak;
        private int layouts;

        /** Counts an event {@code distance} ps ahead; true when it is time to look at the counts. */
        boolean count(long distance, int size) {
            distances[Long.SIZE - Long.numberOfLeadingZeros(Math.max(distance, 0))]++;
            peak = Math.max(peak, size);
            return ++counted >= epoch;
        }

        void startEpoch(int size) {
            Arrays.fill(distances, 0);
            counted = 0;
            peak = size;
            epoch = Math.max(FIRST_EPOCH, 2 * size);
        }

        /** As many as the events of the epoch ask for; a smaller ring only when far too large. */
        int buckets(int present) {
            int wanted = peak >= BitTree.CAPACITY >>> BUCKETS_PER_EVENT_LOG2
                    ? BitTree.CAPACITY
                    : Math.max(MIN_BUCKETS, Integer.highestOneBit(2 * peak - 1) << BUCKETS_PER_EVENT_LOG2);
            return wanted >= present || wanted <= present >>> 3 ? wanted : present;
        }

        /**
         * Width of a slice with which nearly all events of the epoch would have been in a ring of that size; the present one when
         * it is not far off.
         */
        int shift(int buckets, int present) {
            int ring = Integer.numberOfTrailingZeros(buckets);
            int far = counted / FAR_SHARE;
            if (beyond(present + ring) <= 2 * far && beyond(present + ring - 2) > far) {
                return present;
            }
            int span = ring;
            while (beyond(span) > far) {
                span++;
            }
            return span - ring;
        }

        /** How many events were 2^bits ps ahead or more. */
        private int beyond(int bits) {
            int count = 0;
            for (int i = bits + 1; i < distances.length; i++) {
                count += distances[i];
            }
            return count;
        }
    }
}
