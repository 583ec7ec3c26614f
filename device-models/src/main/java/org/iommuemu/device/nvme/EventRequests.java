// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.ArrayDeque;
import java.util.TreeSet;
import org.iommuemu.device.nvme.spec.Status;

/**
 * Asynchronous Event Requests, and events of the type Error status, the only one there is (NVMe 1.4 §5.2). After one was told, no other is
 * until the host has read the error log.
 */
final class EventRequests {
    /** A doorbell of a queue that is not there. */
    static final int INVALID_REGISTER = 0;
    /** A value that cannot be meant. */
    static final int INVALID_VALUE = 1;

    private static final int INFORMATION = 8;
    private static final int LOG_PAGE = 16;

    private final Session session;
    private final int limit;
    private final ArrayDeque<Command> requests = new ArrayDeque<>();
    private final TreeSet<Integer> pending = new TreeSet<>();
    private boolean masked;

    EventRequests(Session session, NvmeParameters parameters) {
        this.session = session;
        limit = parameters.eventRequests();
    }

    void request(Command c) {
        if (requests.size() == limit) {
            session.end(c, Status.EVENT_REQUEST_LIMIT_EXCEEDED);
        } else {
            requests.addLast(c);
            deliver();
        }
    }

    /** A request is aborted; returns whether there was one. */
    boolean forget(Command c) {
        return requests.remove(c);
    }

    /** The host has written something to a doorbell that cannot be meant. */
    void badDoorbell(int information) {
        session.health().badDoorbell();
        pending.add(information);
        deliver();
    }

    /** The host has read the error log, and says so. */
    void errorLogRead() {
        masked = false;
        deliver();
    }

    private void deliver() {
        if (!masked && !requests.isEmpty() && !pending.isEmpty()) {
            masked = true;
            int information = pending.pollFirst();
            session.end(
                    requests.removeFirst(),
                    Status.SUCCESS,
                    information << INFORMATION | LogPages.ERROR_INFORMATION << LOG_PAGE);
        }
    }
}
