// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.iommuemu.capture.JoinedRow.Kind;
import org.jspecify.annotations.Nullable;

/**
 * The rows in the order in which they happened. Calls and what the IOMMU did are in one order to about 10 µs; an access that is so close to
 * the map or the unmap of its page is put on the side of it that its partner tells. So is one that the recorder itself has found before its map.
 */
public final class RowOrder {
    /** Rows so close may be in the wrong order, in µs: twice of what the recorder promises. */
    private static final long UNCERTAIN = 20;

    private final JoinedTrace trace;
    /** Rows read, those of the next {@link #UNCERTAIN} µs. */
    private final Deque<JoinedRow> ahead = new ArrayDeque<>();
    /** Accesses that wait for the map that comes next. */
    private final Deque<JoinedRow> waiting = new ArrayDeque<>();
    /** Rows that come before all others. */
    private final Deque<JoinedRow> ready = new ArrayDeque<>();

    private long lastCall = -1;
    private boolean ended;
    private long moved;

    /** The rows of a file, from where it is. */
    public RowOrder(JoinedTrace trace) {
        this.trace = trace;
    }

    /** Accesses that were not where the file has them. */
    public long moved() {
        return moved;
    }

    /** The next row, or null at the end. */
    public @Nullable JoinedRow next() {
        while (ready.isEmpty()) {
            fill();
            JoinedRow row = ahead.poll();
            if (row != null) {
                place(row);
            } else if (waiting.isEmpty()) {
                return null;
            } else {
                ready.add(waiting.remove());
            }
        }
        return ready.poll();
    }

    private void fill() {
        JoinedRow first = ahead.peek();
        JoinedRow last = ahead.peekLast();
        while (!ended && (first == null || last == null || last.time() <= first.time() + UNCERTAIN)) {
            last = trace.next();
            if (last == null) {
                ended = true;
            } else {
                ahead.add(last);
                first = first == null ? last : first;
            }
        }
    }

    private void place(JoinedRow row) {
        lastCall = row.isCall() ? row.ref() : lastCall;
        switch (row.kind()) {
            case DMA -> {
                if (isMappedLater(row)) {
                    waiting.add(row);
                    moved++;
                } else {
                    ready.add(row);
                }
            }
            case MAP -> {
                ready.add(row);
                release(row);
            }
            case UNMAP -> {
                takeAccessesBefore(row);
                ready.add(row);
            }
            case COMMAND -> ready.add(row);
        }
    }

    private boolean isMappedLater(JoinedRow access) {
        if (access.check().equals(JoinedRow.BEFORE_MAP)
                && access.partners().areCalls()
                && access.partners().get(0) > lastCall) {
            return true;
        }
        for (JoinedRow row : ahead) {
            if (row.kind() == Kind.MAP && isPartner(access, row) && row.time() <= access.time() + UNCERTAIN) {
                return true;
            }
        }
        return false;
    }

    private static boolean isPartner(JoinedRow access, JoinedRow call) {
        return access.partners().areCalls() && access.partners().get(0) == call.ref();
    }

    private void release(JoinedRow map) {
        for (Iterator<JoinedRow> it = waiting.iterator(); it.hasNext(); ) {
            JoinedRow access = it.next();
            if (isPartner(access, map)) {
                it.remove();
                ready.add(access);
            }
        }
    }

    /** Accesses by a map that was made before: lines of the kernel's trace are in the order of calls. */
    private void takeAccessesBefore(JoinedRow unmap) {
        for (Iterator<JoinedRow> it = ahead.iterator(); it.hasNext(); ) {
            JoinedRow row = it.next();
            if (row.kind() == Kind.DMA
                    && row.time() <= unmap.time() + UNCERTAIN
                    && isWithin(row, unmap)
                    && row.partners().areCalls()
                    && row.partners().get(0) <= unmap.ref()) {
                it.remove();
                ready.add(row);
                moved++;
            }
        }
    }

    private static boolean isWithin(JoinedRow access, JoinedRow call) {
        boolean same = access.domain() == JoinedRow.NONE || call.domain() == JoinedRow.NONE
                ? access.stream() == call.stream()
                : access.domain() == call.domain();
        return same && Long.compareUnsigned(access.iova() - call.iova(), call.bytes()) < 0;
    }
}
