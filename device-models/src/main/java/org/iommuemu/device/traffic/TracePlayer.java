// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.PostedDma;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.pcie.Requester;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.time.EventLoop;

/**
 * Plays records on functions, one for each stream. Records begin in their order, each at its time, or later: what software does waits
 * until every access of its stream that was begun before has ended, and software has seen it; so do the records behind it.
 */
public final class TracePlayer {
    /**
     * How it plays.
     *
     * @param speed by which times are divided, above 0; infinite for all at once
     * @param outstanding accesses that can be under way, at least 1
     * @param notice how long after an access has ended software sees it, in ps; more than a write needs to memory
     */
    public record Settings(double speed, int outstanding, long notice) {
        /** Checks the ranges. */
        public Settings {
            if (!(speed > 0) || outstanding < 1 || notice < 0) {
                throw new IllegalArgumentException("speed " + speed + ", outstanding " + outstanding + ", notice "
                        + notice + ", expected a speed above 0, at least 1, and no negative time");
            }
        }
    }

    private static final int ATOMIC_BYTES = 8;
    private static final int LARGEST = 1 << 20;

    private final RecordSource source;
    private final IntFunction<PostedDma> functions;
    private final Settings settings;
    private final TrafficListener listener;
    private final Map<Integer, PostedDma> known = new TreeMap<>();
    private final Map<Integer, Integer> underWay = new TreeMap<>();
    private final StatusCounts counts = new StatusCounts();
    private final long[] translations = new long[Requester.Outcome.values().length];
    private long pageRequests;
    private long software;
    private long begin = -1;
    private long firstTime;
    private int all;
    private boolean holds;
    private boolean ticking;

    /**
     * A player that has not begun.
     *
     * @param functions gives the function of a stream, which may master the bus
     */
    public TracePlayer(
            RecordSource source, IntFunction<PostedDma> functions, Settings settings, TrafficListener listener) {
        this.source = source;
        this.functions = functions;
        this.settings = settings;
        this.listener = listener;
    }

    /** Begins now; {@code loop} is that of all functions. */
    public void start(EventLoop loop) {
        begin = loop.now();
        holds = source.next();
        firstTime = holds ? source.time() : 0;
        go(loop);
    }

    private void go(EventLoop loop) {
        while (holds && !ticking && !mustWait()) {
            long at = begin + (long) ((source.time() - firstTime) / settings.speed);
            if (at > loop.now()) {
                ticking = true;
                loop.schedule(
                        at,
                        (time, data) -> {
                            ticking = false;
                            go(loop);
                        },
                        0);
                return;
            }
            play(loop);
            holds = source.next();
        }
    }

    private boolean mustWait() {
        return switch (source.kind()) {
            case MAP -> false;
            case UNMAP, INVALIDATE -> underWay.getOrDefault(source.stream(), 0) > 0;
            default -> all >= settings.outstanding;
        };
    }

    private void play(EventLoop loop) {
        switch (source.kind()) {
            case MAP, UNMAP, INVALIDATE -> {
                software++;
                source.execute();
            }
            case PAGE_REQUEST -> askForPage();
            case TRANSLATION_REQUEST -> askForTranslation(loop);
            default -> access(loop);
        }
    }

    private PostedDma of(int stream) {
        return known.computeIfAbsent(stream, functions::apply);
    }

    private void access(EventLoop loop) {
        int stream = source.stream();
        PostedDma dma = of(stream);
        boolean write = source.kind() == RecordSource.Kind.WRITE;
        int bytes = source.kind() == RecordSource.Kind.ATOMIC
                ? ATOMIC_BYTES
                : (int) Math.max(1, Math.min(LARGEST, source.length()));
        DeviceAccess a = new DeviceAccess(write, source.iova(), bytes, source.pasid());
        long at = loop.now();
        begun(stream);
        DmaChannel.Done done = (status, moved) -> {
            counts.count(status);
            listener.ended(a, status, loop.now() - at);
            ended(loop, stream);
        };
        switch (source.kind()) {
            case WRITE -> dma.write(a.address(), new byte[bytes], a.pasid(), source.access(), done);
            case READ -> dma.read(a.address(), new byte[bytes], a.pasid(), source.access(), done);
            default ->
                dma.channel()
                        .atomic(
                                a.address() & -ATOMIC_BYTES,
                                Tlp.AtomicOp.FETCH_ADD,
                                new byte[ATOMIC_BYTES],
                                a.pasid(),
                                source.access(),
                                new byte[ATOMIC_BYTES],
                                (status, moved) -> loop.schedule(loop.now(), (t, d) -> done.ended(status, moved), 0));
        }
    }

    private void askForTranslation(EventLoop loop) {
        int stream = source.stream();
        begun(stream);
        of(stream)
                .function()
                .requester()
                .translate(source.iova() & -4096, 1, source.pasid(), source.access(), (outcome, data) -> {
                    translations[outcome.ordinal()]++;
                    ended(loop, stream);
                });
    }

    private void askForPage() {
        pageRequests++;
        PostedDma dma = of(source.stream());
        int access = source.access();
        boolean execute = (access & Access.INSTRUCTION) != 0;
        dma.function()
                .requester()
                .message(new Tlp.PageRequestMessage(new PageRequest(
                        dma.function().id(),
                        source.pasid(),
                        source.iova() & -4096,
                        (access & Access.WRITE) == 0 || execute,
                        (access & Access.WRITE) != 0,
                        execute,
                        (access & Access.PRIVILEGED) != 0,
                        source.last(),
                        source.group())));
    }

    private void begun(int stream) {
        all++;
        underWay.merge(stream, 1, Integer::sum);
    }

    private void ended(EventLoop loop, int stream) {
        all--;
        loop.schedule(
                loop.now() + settings.notice,
                (time, data) -> {
                    underWay.merge(stream, -1, Integer::sum);
                    go(loop);
                },
                0);
        go(loop);
    }

    /** Whether all records have been played, and all accesses have ended. */
    public boolean isOver() {
        return begin >= 0 && !holds && all == 0;
    }

    /** How reads, writes and AtomicOps have ended. */
    public StatusCounts counts() {
        return counts;
    }

    /** How many Translation Requests have ended so. */
    public long translations(Requester.Outcome outcome) {
        return translations[outcome.ordinal()];
    }

    /** Page requests that were sent. */
    public long pageRequests() {
        return pageRequests;
    }

    /** What software did: maps, unmaps, invalidations. */
    public long software() {
        return software;
    }
}
