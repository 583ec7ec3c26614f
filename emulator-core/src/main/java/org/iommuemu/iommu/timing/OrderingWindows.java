// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

import java.util.ArrayList;
import java.util.List;
import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.time.InOrderWindow;
import org.iommuemu.time.Resource;
import org.iommuemu.time.Slots;
import org.iommuemu.time.Waiter;

/** The windows through which transactions of one kind, reads or posted writes, go. */
final class OrderingWindows {
    private static final long NOBODY = -1;

    private final String name;
    private final String users;
    private final int capacity;
    private final TimingParameters.Ordering.Scope scope;
    private final Int2ObjectHashMap<Window> byStream = new Int2ObjectHashMap<>();
    private Window current;
    private final Slots unordered;
    private final Waiter unorderedUsers;
    private final List<Resource> resources = new ArrayList<>();

    private record Window(long stream, InOrderWindow window, Waiter users) {}

    OrderingWindows(String name, String users, int capacity, TimingParameters.Ordering.Scope scope) {
        this.name = name;
        this.users = users;
        this.capacity = capacity;
        this.scope = scope;
        unordered = new Slots(name, capacity);
        unorderedUsers = unordered.waiter(users);
        InOrderWindow all = new InOrderWindow(name, capacity);
        current = new Window(NOBODY, all, all.waiter(users));
        if (scope != TimingParameters.Ordering.Scope.STREAM) {
            resources.add(scope == TimingParameters.Ordering.Scope.ALL ? all : unordered);
        }
    }

    /** Enters; {@link #leave} must follow before the next one enters. */
    long enter(int stream, long at) {
        switch (scope) {
            case NONE -> {
                return unordered.acquire(unorderedUsers, at);
            }
            case STREAM -> {
                if (current.stream != Integer.toUnsignedLong(stream)) {
                    current = of(stream);
                }
            }
            case ALL -> {}
        }
        return current.window.enter(current.users, at);
    }

    /** Leaves what was entered last at {@code start}; returns when. */
    long leave(long start, long ready) {
        if (scope == TimingParameters.Ordering.Scope.NONE) {
            unordered.release(start, ready);
            return ready;
        }
        return current.window.leave(ready);
    }

    private Window of(int stream) {
        Window w = byStream.get(stream);
        if (w == null) {
            InOrderWindow window = new InOrderWindow(name + " of stream 0x" + Integer.toHexString(stream), capacity);
            w = new Window(Integer.toUnsignedLong(stream), window, window.waiter(users));
            byStream.put(stream, w);
            resources.add(window);
        }
        return w;
    }

    List<Resource> resources() {
        return resources;
    }
}
