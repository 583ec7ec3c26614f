// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.iommuemu.trace.DmaRecord;
import org.jspecify.annotations.Nullable;

/**
 * Calls that wait to be told their device, in their order: {@code iommu:map} does not name it, the {@code dma} event of the same task that
 * follows does. A call is given up on after 10 ms or 8,192 others.
 */
final class PendingCalls {
    private static final int MOST = 8192;
    private static final long LONGEST_WAIT_PS = 10_000_000_000L;

    /** A call. */
    static final class Call {
        final boolean map;
        final long context;
        final long time;
        final long iova;
        final long physical;
        final long bytes;
        int attributes = DmaRecord.READ | DmaRecord.WRITE;
        private @Nullable Integer stream;

        Call(boolean map, FtraceEvent event, long iova, long physical, long bytes) {
            this.map = map;
            context = event.context();
            time = event.time();
            this.iova = iova;
            this.physical = physical;
            this.bytes = bytes;
        }

        /** Its stream, or null if nothing told it. */
        @Nullable
        Integer stream() {
            return stream;
        }

        void belongsTo(int device, int permissions) {
            stream = device;
            attributes = permissions;
        }

        /** Whether a buffer lies in the range, or it in the pages of the buffer. */
        boolean meets(long first, long last) {
            return Long.compareUnsigned(iova, last) <= 0 && Long.compareUnsigned(first, iova + bytes - 1) <= 0;
        }
    }

    /** What calls are given to. */
    @FunctionalInterface
    interface Taker {
        void take(Call call) throws IOException;
    }

    private final Taker taker;
    private final Deque<Call> waiting = new ArrayDeque<>();
    private final Map<Long, Deque<Call>> unknown = new HashMap<>();

    PendingCalls(Taker taker) {
        this.taker = taker;
    }

    void add(Call call) throws IOException {
        waiting.add(call);
        if (call.stream == null) {
            unknown.computeIfAbsent(call.context, c -> new ArrayDeque<>()).add(call);
        }
        release(call.time);
    }

    /**
     * A buffer was mapped or unmapped for a device by calls of the same task.
     *
     * @param first of the buffer, {@code last} its last byte
     * @return whether there was such a call
     */
    boolean tell(boolean map, FtraceEvent event, long first, long last, int device, int permissions) {
        Deque<Call> calls = unknown.get(event.context());
        boolean any = false;
        if (calls != null) {
            for (Iterator<Call> it = calls.iterator(); it.hasNext(); ) {
                Call call = it.next();
                if (call.map == map && call.meets(first, last)) {
                    call.belongsTo(device, permissions);
                    it.remove();
                    any = true;
                }
            }
        }
        return any;
    }

    /** Gives away what is known, and what is too old, as of a time. */
    void release(long now) throws IOException {
        for (Call first = waiting.peek();
                first != null && (first.stream != null || waiting.size() > MOST || now - first.time > LONGEST_WAIT_PS);
                first = waiting.peek()) {
            give(waiting.remove());
        }
    }

    /** Gives away all. */
    void end() throws IOException {
        for (Call call = waiting.poll(); call != null; call = waiting.poll()) {
            give(call);
        }
    }

    private void give(Call call) throws IOException {
        Deque<Call> calls = unknown.get(call.context);
        if (calls != null) {
            if (call.stream == null) {
                calls.remove(call);
            }
            if (calls.isEmpty()) {
                unknown.remove(call.context);
            }
        }
        taker.take(call);
    }
}
