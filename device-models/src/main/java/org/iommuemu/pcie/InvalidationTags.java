// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayDeque;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * The host's side of one function's invalidations: hands out ITags, counts completion messages, gives up in time (PCIe Base
 * Specification §10.3). With all ITags outstanding, further requests wait. ITags take turns, so that a completion which comes after
 * its time-out is not soon taken for that of another request.
 */
final class InvalidationTags {
    private static final int ITAGS = 32;

    /** What becomes of them. */
    interface Host {
        /** An Invalidate Request may be sent. */
        void send(AtcInvalidation request, int itag);

        /** A request has ended. */
        void ended(AtcInvalidation request, boolean answered);

        /** A completion came for an ITag that is not outstanding, or not with the count (CC) of those before it. */
        void unexpected();
    }

    private static final class Outstanding {
        private final AtcInvalidation request;
        private final long timer;
        /** CC, once a message has come. */
        private int count;

        private int messages;

        Outstanding(AtcInvalidation request, long timer) {
            this.request = request;
            this.timer = timer;
        }
    }

    private final EventLoop loop;
    private final long timeout;
    private final Host host;
    private final @Nullable Outstanding[] byTag = new Outstanding[ITAGS];
    private final ArrayDeque<AtcInvalidation> waiting = new ArrayDeque<>();
    private int nextTag;
    private int outstanding;

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
        while (!waiting.isEmpty() && outstanding < ITAGS) {
            while (byTag[nextTag] != null) {
                nextTag = (nextTag + 1) % ITAGS;
            }
            int itag = nextTag;
            nextTag = (nextTag + 1) % ITAGS;
            AtcInvalidation request = waiting.removeFirst();
            long timer = loop.schedule(loop.now() + timeout, (time, tag) -> end((int) tag, false), itag);
            byTag[itag] = new Outstanding(request, timer);
            outstanding++;
            host.send(request, itag);
        }
    }

    /** An Invalidate Completion has come. */
    void completed(Tlp.InvalidateCompletion message) {
        for (int rest = message.itags(); rest != 0; rest &= rest - 1) {
            int itag = Integer.numberOfTrailingZeros(rest);
            Outstanding o = byTag[itag];
            if (o == null || o.count != 0 && o.count != message.count()) {
                // All messages of one completion are the same (§10.3.2): this one is of none.
                host.unexpected();
            } else {
                o.count = message.count();
                o.messages++;
                if (o.messages == o.count) {
                    loop.cancel(o.timer);
                    end(itag, true);
                }
            }
        }
    }

    private void end(int itag, boolean answered) {
        Outstanding o = byTag[itag];
        if (o != null) {
            byTag[itag] = null;
            outstanding--;
            host.ended(o.request, answered);
            next();
        }
    }
}
