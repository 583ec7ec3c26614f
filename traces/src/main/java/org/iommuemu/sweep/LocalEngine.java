// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.iommuemu.capture.InputException;
import org.jspecify.annotations.Nullable;

/** Runs points on threads of this machine, each point on one. They share nothing but the traces' files. */
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
     * Runs points, those of long traces first; returns when all are finished.
     *
     * @param traces where a trace is, by its name
     * @param sink gets every result from the thread that has it, in the order in which they come
     * @throws InputException if there is not memory enough for a point, or the sink throws it; those under way are finished,
     *     no other begins
     */
    public void run(List<SweepPoint> points, Function<String, Path> traces, Consumer<PointResult> sink) {
        ExecutorService workers = Executors.newFixedThreadPool(threads, r -> {
            Thread worker = new Thread(r, "sweep");
            worker.setDaemon(true);
            return worker;
        });
        List<SweepPoint> ordered = new ArrayList<>(points);
        ordered.sort(Comparator.comparingLong((SweepPoint p) -> PointCost.of(p, traces.apply(p.trace())))
                .reversed());
        AtomicReference<@Nullable RuntimeException> flaw = new AtomicReference<>();
        for (SweepPoint p : ordered) {
            workers.execute(() -> {
                if (flaw.get() == null) {
                    try {
                        sink.accept(evaluate(p, traces.apply(p.trace())));
                    } catch (RuntimeException e) {
                        flaw.compareAndSet(null, e);
                    }
                }
            });
        }
        // Nobody is interrupted: the reader of a trace would take it for a trace that cannot be read.
        workers.shutdown();
        try {
            workers.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            flaw.compareAndSet(null, new IllegalStateException("interrupted", e));
            Thread.currentThread().interrupt();
        }
        RuntimeException first = flaw.get();
        if (first != null) {
            throw first;
        }
    }

    private static PointResult evaluate(SweepPoint point, Path trace) {
        try {
            return PointFunction.evaluate(point, trace);
        } catch (OutOfMemoryError e) {
            InputException wrong = new InputException(
                    point.label() + ": memory ran out (" + e.getMessage() + ")",
                    "fewer --threads, or more memory: IOMMU_EMU_OPTS=-Xmx...");
            wrong.initCause(e);
            throw wrong;
        }
    }
}
