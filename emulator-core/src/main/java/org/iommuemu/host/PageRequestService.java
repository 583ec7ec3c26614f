// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.jspecify.annotations.Nullable;

/** Collects page requests to groups, and has each group answered once: handled a while after it was complete, answered then or later. */
final class PageRequestService {
    /** A device numbers its groups, whatever their PASIDs. */
    private record Key(int stream, int group) {}

    /** A group that is complete, known by its identity. */
    private static final class Group {
        private final List<PageRequest> requests;

        Group(List<PageRequest> requests) {
            this.requests = List.copyOf(requests);
        }

        PageRequest last() {
            return requests.get(requests.size() - 1);
        }
    }

    /** Sends answers, and knows who may ask. */
    interface Host {
        boolean isBound(int stream, int pasid);

        void respond(PageRequest last, PageResponse.Code code);
    }

    /** Pages of one group that are kept. */
    static final int MOST_PAGES = 1 << 9;
    /** Groups that are not complete, of all devices. */
    private static final int MOST_PARTIAL = 1 << 12;

    private final Patience patience;
    private final Host host;
    private final Map<Key, List<PageRequest>> partial = new LinkedHashMap<>();
    /** Those that are not answered. */
    private final List<Group> complete = new ArrayList<>();
    /** Of these, those that are to be handled now, in their order. */
    private final Deque<Group> due = new ArrayDeque<>();

    /** Whether a group is being handled: one at a time, however long that waits and whatever comes meanwhile. */
    private boolean busy;

    private PageRequestReceiver receiver = (group, answer) -> answer.accept(PageResponse.Code.INVALID);
    private long delay;

    PageRequestService(Patience patience, Host host) {
        this.patience = patience;
        this.host = host;
    }

    /** Says who handles groups, and how long after they are complete, in ps. */
    void receiver(PageRequestReceiver by, long after) {
        receiver = by;
        delay = after;
    }

    /** Takes a request out of a queue. Stop Markers ask for nothing and get no answer. */
    void take(PageRequest r) {
        if (r.isStopMarker()) {
            return;
        }
        Key key = new Key(r.streamId(), r.group());
        if (r.last()) {
            complete(r, partial.remove(key));
        } else if (receiver.hasMemory()) {
            List<PageRequest> requests = partial.computeIfAbsent(key, k -> new ArrayList<>());
            requests.add(r);
            limit(requests);
        }
    }

    private void complete(PageRequest last, @Nullable List<PageRequest> before) {
        if (!receiver.hasMemory()) {
            host.respond(last, PageResponse.Code.FAILURE);
            return;
        }
        List<PageRequest> requests = before == null ? new ArrayList<>() : before;
        requests.add(last);
        limit(requests);
        Group group = new Group(requests);
        complete.add(group);
        patience.later(delay, () -> {
            due.add(group);
            serveNext();
        });
    }

    /** Nobody makes a device end its groups: the oldest of what does not end is forgotten. */
    private void limit(List<PageRequest> requests) {
        if (requests.size() > MOST_PAGES) {
            requests.remove(0);
        }
        if (partial.size() > MOST_PARTIAL) {
            partial.remove(partial.keySet().iterator().next());
        }
    }

    private void serveNext() {
        Group next = busy ? null : due.poll();
        if (next == null) {
            return;
        }
        busy = true;
        try {
            serve(next);
        } finally {
            busy = false;
        }
        if (!due.isEmpty()) {
            // Not from here: whoever waits may have what it waits for.
            patience.later(0, this::serveNext);
        }
    }

    private void serve(Group group) {
        PageRequest last = group.last();
        if (!complete.contains(group)) {
            return;
        }
        if (host.isBound(last.streamId(), last.substreamId())) {
            receiver.take(group.requests, code -> answer(group, code));
        } else {
            answer(group, PageResponse.Code.INVALID);
        }
    }

    private void answer(Group group, PageResponse.Code code) {
        if (complete.remove(group)) {
            host.respond(group.last(), code);
        }
    }

    /** Requests were lost, and whole groups answered, without software: what is not complete will not become so. */
    void overflowed() {
        partial.clear();
    }

    /** Answers what waits of a PASID, and forgets what is not complete of it. */
    void drain(int stream, int pasid) {
        drain(r -> r.streamId() == stream && r.substreamId() == pasid);
    }

    /** Answers what waits of a stream, and forgets what is not complete of it. */
    void drain(int stream) {
        drain(r -> r.streamId() == stream);
    }

    private void drain(Predicate<PageRequest> concerned) {
        forgetPartial(concerned);
        for (Group group : List.copyOf(complete)) {
            if (concerned.test(group.last())) {
                answer(group, PageResponse.Code.INVALID);
            }
        }
    }

    /** Forgets what waits of a stream, which is not to be answered any more. */
    void forget(int stream) {
        forgetPartial(r -> r.streamId() == stream);
        complete.removeIf(g -> g.last().streamId() == stream);
    }

    private void forgetPartial(Predicate<PageRequest> concerned) {
        partial.values().forEach(requests -> requests.removeIf(concerned));
        partial.values().removeIf(List::isEmpty);
    }
}
