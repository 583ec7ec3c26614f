// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.HashMap;
import java.util.Map;

/** Invalidate Requests out, and what is still to be answered before an invalidation counts as complete. */
public final class AtcInvalidations {
    /** More than this many unanswered requests hold the queue of commands up. */
    public static final int MOST_OUTSTANDING = 1 << 16;

    private static final int EVERYTHING = 64;

    /** Whom a request went to, and the function that it counts for. */
    private record Target(int stream, int function) {}

    private final Map<Long, Target> outstanding = new HashMap<>();
    private DevicePort port = DevicePort.NONE;
    private boolean timedOut;
    private int timedOutStream;
    private long sent;
    private long timeouts;

    /** Says whom requests go to. */
    public void connect(DevicePort devices) {
        port = devices;
    }

    /** Sends a request that counts for its stream. */
    public void send(int streamId, int substreamId, boolean global, long address, int log2Bytes) {
        send(streamId, streamId, substreamId, global, address, log2Bytes);
    }

    /**
     * Sends a request.
     *
     * @param function what {@link #outstandingFor} knows it by
     * @param address any in the span
     * @param log2Bytes log2 of the span in bytes; 64 or more is everything
     */
    public void send(int streamId, int function, int substreamId, boolean global, long address, int log2Bytes) {
        long first = log2Bytes >= EVERYTHING ? 0 : address & -(1L << log2Bytes);
        AtcInvalidation request = new AtcInvalidation(
                ticket(sent++, streamId), streamId, substreamId, global, first, Math.min(EVERYTHING, log2Bytes));
        // It is outstanding before it is sent, as the answer may come from within.
        outstanding.put(request.ticket(), new Target(streamId, function));
        switch (port.invalidate(request)) {
            case ENDED -> outstanding.remove(request.ticket());
            case TIMED_OUT -> ended(request.ticket(), false);
            case PENDING -> {}
        }
    }

    private static long ticket(long number, int streamId) {
        return number << Integer.SIZE | streamId & 0xFFFF_FFFFL;
    }

    /** Whose request a ticket is of. */
    public static int streamOf(long ticket) {
        return (int) ticket;
    }

    /** Takes an answer, or that there will be none; false if nobody waits for it. */
    public boolean ended(long ticket, boolean answered) {
        Target target = outstanding.remove(ticket);
        if (target == null) {
            return false;
        }
        if (!answered) {
            timedOut = true;
            timedOutStream = target.stream();
            timeouts++;
        }
        return true;
    }

    /** Whether any request is unanswered. */
    public boolean isPending() {
        return !outstanding.isEmpty();
    }

    /** How many requests to a stream are unanswered. */
    public int outstandingTo(int streamId) {
        int n = 0;
        for (Target t : outstanding.values()) {
            n += t.stream() == streamId ? 1 : 0;
        }
        return n;
    }

    /** How many requests of a function are unanswered, whatever streams they went to. */
    public int outstandingFor(int function) {
        int n = 0;
        for (Target t : outstanding.values()) {
            n += t.function() == function ? 1 : 0;
        }
        return n;
    }

    /** Whether another request has to wait. */
    public boolean isFull() {
        return outstanding.size() >= MOST_OUTSTANDING;
    }

    /** Whether a request timed out since this was last asked. */
    public boolean takeTimeout() {
        boolean was = timedOut;
        timedOut = false;
        return was;
    }

    /** Whose request timed out last. */
    public int timedOutStream() {
        return timedOutStream;
    }

    /** Forgets what is outstanding; answers that still come are ignored. */
    public void reset() {
        outstanding.clear();
        timedOut = false;
    }

    /** Requests sent so far. */
    public long sent() {
        return sent;
    }

    /** Requests that were not answered in time. */
    public long timeouts() {
        return timeouts;
    }
}
