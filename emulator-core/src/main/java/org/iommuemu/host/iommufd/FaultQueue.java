// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;
import org.iommuemu.host.control.FaultGroup;
import org.iommuemu.iommu.PageResponse;
import org.jspecify.annotations.Nullable;

/** Groups of page faults that wait for user space to take and to answer them. Its file needs it. */
final class FaultQueue extends IommufdObject {
    /** A group, and the attachment that it came by. */
    record Pending(FaultGroup group, DeviceGroup.Handle handle, int device) {}

    private final Deque<Pending> toDeliver = new ArrayDeque<>();
    private final TreeMap<Integer, Pending> toAnswer = new TreeMap<>();
    private boolean closed;

    /** Takes a group. Nobody can answer it any more once the file is closed. */
    void deliver(Pending pending) {
        if (closed) {
            pending.group.respond(PageResponse.Code.INVALID);
        } else {
            toDeliver.add(pending);
        }
    }

    /** The group that is to be read next, or null. */
    @Nullable
    Pending next() {
        return toDeliver.peek();
    }

    /** The cookie that the group that is to be read next will get: the lowest from 1 on that is free. */
    int nextCookie() {
        int cookie = 1;
        while (toAnswer.containsKey(cookie)) {
            cookie++;
        }
        return cookie;
    }

    /** The group that was to be read has been. */
    void delivered(int cookie) {
        toAnswer.put(cookie, toDeliver.remove());
    }

    /**
     * Answers a group.
     *
     * @return false if there is none with this cookie
     */
    boolean answer(int cookie, PageResponse.Code code) {
        Pending pending = toAnswer.remove(cookie);
        if (pending == null) {
            return false;
        }
        pending.group.respond(code);
        return true;
    }

    /** Answers what has come by an attachment as invalid, as it goes. */
    void drop(DeviceGroup.Handle handle) {
        List<Pending> all = List.copyOf(toDeliver);
        toDeliver.removeIf(p -> p.handle.equals(handle));
        all.stream().filter(p -> p.handle.equals(handle)).forEach(FaultQueue::refuse);
        for (Integer cookie : List.copyOf(toAnswer.keySet())) {
            Pending pending = toAnswer.get(cookie);
            if (pending != null && pending.handle.equals(handle)) {
                toAnswer.remove(cookie);
                refuse(pending);
            }
        }
    }

    private static void refuse(Pending pending) {
        pending.group.respond(PageResponse.Code.INVALID);
    }

    /** Nobody reads it any more: everything is answered as invalid, also what comes later. */
    void closed() {
        closed = true;
        List<Pending> waiting = List.copyOf(toDeliver);
        List<Pending> read = List.copyOf(toAnswer.values());
        toDeliver.clear();
        toAnswer.clear();
        waiting.forEach(FaultQueue::refuse);
        read.forEach(FaultQueue::refuse);
    }

    @Override
    void destroyed() {
        closed();
    }
}
