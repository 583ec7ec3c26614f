// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayDeque;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * The host's side of one function's invalidations: hands out ITags, counts completion messages, gives up in time (PCIe Base
 * Specification §10.3). With all ITags outstanding, further requests wait.
 */
final class InvalidationTags {
    private static final int ITAGS = 32;

    /** What becomes of them. */
    interface Host {
        /** An Invalidate Request may be sent. */
        void send(AtcInvalidation request, int itag);

        /** A request has ended. */
        void ended(AtcInvalidation request, boolean answered);

        /** A completion came for an ITag that is not outstanding. */
        void unexpected();
    }

    private record Outstanding(AtcInvalidation request, long timer, int[] messages) {}

    private final EventLoop loop;
    private final long timeout;
    private final Host host;
    private final @Nullable Outstanding[] byTag = new Outstanding[ITAGS];
    private final ArrayDeque<AtcInvalidation> waiting = new ArrayDeque<>();

    InvalidationTags(EventLoop loop, long timeout, Host host) {
        this.loop = loop;
        this.timeout = timeout;
        this.host = host;
    }

    void begin(AtcInvalidation request) {
        waiting.addLast(request);
        next();
    }

    private void next() {
        for (int itag = 0; itag < ITAGS && !waiting.isEmpty(); itag++) {
            if (byTag[itag] == null) {
                AtcInvalidation request = waiting.removeFirst();
                long timer = loop.schedule(loop.now() + timeout, (time, tag) -> end((int) tag, false), itag);
                byTag[itag] = new Outstanding(request, timer, new int[1]);
                host.send(request, itag);
            }
        }
    }

    /** An Invalidate Completion has come. */
    void completed(Tlp.InvalidateCompletion message) {
        for (int rest = message.itags(); rest != 0; rest &= rest - 1) {
            int itag = Integer.numberOfTrailingZeros(rest);
            Outstanding o = byTag[itag];
            if (o == null) {
                host.unexpected();
            } else if (++o.messages[0] >= message.count()) {
                loop.cancel(o.timer);
                end(itag, true);
            }
        }
    }

    private void end(int itag, boolean answered) {
        Outstanding o = byTag[itag];
        if (o != null) {
            byTag[itag] = null;
            host.ended(o.request, answered);
            next();
        }
    }
}
