// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;

/** Runs points on threads of this machine, each point on one. */
public final class LocalEngine {
    private final int threads;

    /**
     * An engine.
     *
     * @param threads from 1 on
     */
    public LocalEngine(int threads) {
        this.threads = threads;
    }

    /**
     * Runs points; returns when all are finished.
     *
     * @param traces where a trace is, by its name
     * @param sink gets every result from the thread that has it, in the order in which they come
     */
    public void run(List<SweepPoint> points, Function<String, Path> traces, Consumer<PointResult> sink) {
        ExecutorService workers = Executors.newFixedThreadPool(threads, r -> {
            Thread worker = new Thread(r, "sweep");
            worker.setDaemon(true);
            return worker;
        });
        try {
            List<Future<?>> tasks = new ArrayList<>();
            for (SweepPoint p : points) {
                tasks.add(workers.submit(() -> sink.accept(PointFunction.evaluate(p, traces.apply(p.trace())))));
            }
            for (Future<?> task : tasks) {
                task.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException own) {
                throw own;
            }
            throw new IllegalStateException(e.getCause());
        } finally {
            workers.shutdownNow();
        }
    }
}
