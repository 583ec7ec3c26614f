// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;

/**
 * The lock of a container, or of what else has calls of its own. There is one thread, but a driver that waits for hardware lets other
 * things happen: what comes then, and would have to wait, is done as soon as the lock is free.
 */
public final class ContainerLock {
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private boolean held;

    /**
     * Does something under the lock.
     *
     * @return EAGAIN if it is held: a call from within another one cannot wait for it
     */
    public <T> Result<T> hold(Supplier<Result<T>> work) {
        if (held) {
            return Result.err(Errno.EAGAIN, "a container in the middle of another call");
        }
        held = true;
        Result<T> result;
        try {
            result = work.get();
        } finally {
            held = false;
        }
        doWhatWaits();
        return result;
    }

    /** Does something under the lock: now, or when it is free. */
    public void holdWhenFree(Runnable work) {
        whenFree(() -> hold(() -> {
            work.run();
            return Result.done();
        }));
    }

    /** Does something without the lock: now if it is free, or when it is. */
    public void whenFree(Runnable work) {
        waiting.add(work);
        doWhatWaits();
    }

    private void doWhatWaits() {
        while (!held && !waiting.isEmpty()) {
            waiting.remove().run();
        }
    }
}
