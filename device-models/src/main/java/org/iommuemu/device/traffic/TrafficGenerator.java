// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

import java.util.ArrayDeque;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.PostedDma;
import org.iommuemu.iommu.Access;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.time.RandomStream;

/** A device that accesses memory by a pattern: at a rate (open loop), or so many at once (closed loop). What it writes is its count. */
public final class TrafficGenerator {
    private static final long PAUSE = Picoseconds.PER_MICROSECOND;

    private static final class UnderWay {
        private boolean ended;
    }

    private final EventLoop loop;
    private final PostedDma dma;
    private final AccessPattern pattern;
    private final Software software;
    private final TrafficParameters parameters;
    private final TrafficListener listener;
    private final RandomStream times;
    private final StatusCounts counts = new StatusCounts();
    private final ArrayDeque<UnderWay> underWay = new ArrayDeque<>();
    private long begun;
    private long seen;
    private long bytes;
    private boolean stopped;

    /** A generator that has not begun. */
    public TrafficGenerator(
            EventLoop loop,
            PciFunction function,
            DmaChannel channel,
            AccessPattern pattern,
            Software software,
            TrafficParameters parameters,
            TrafficListener listener) {
        this.loop = loop;
        dma = new PostedDma(loop, function, channel);
        this.pattern = pattern;
        this.software = software;
        this.parameters = parameters;
        this.listener = listener;
        times = new RandomStream(parameters.seed());
        function.onReset(this::stop);
    }

    /** Begins. */
    public void start() {
        if (parameters.outstanding() == 0) {
            tick(loop.now());
        } else {
            for (int i = 0; i < parameters.outstanding(); i++) {
                begin();
            }
        }
    }

    /** Begins no further accesses. */
    public void stop() {
        stopped = true;
    }

    private boolean isOver() {
        return stopped || parameters.accesses() >= 0 && begun >= parameters.accesses();
    }

    private void tick(long at) {
        if (isOver()) {
            return;
        }
        loop.schedule(
                at,
                (time, data) -> {
                    begin();
                    long mean = parameters.interval();
                    tick(time + (parameters.independent() ? times.nextExponential(mean) : mean));
                },
                0);
    }

    private void begin() {
        if (isOver()) {
            return;
        }
        long number = begun++;
        DeviceAccess a = pattern.next(number, software);
        UnderWay own = new UnderWay();
        underWay.addLast(own);
        byte[] data = new byte[a.bytes()];
        long at = loop.now();
        DmaChannel.Done done = (status, moved) -> ended(a, own, at, status, moved);
        if (a.write()) {
            for (int i = 0; i < Math.min(Long.BYTES, data.length); i++) {
                data[i] = (byte) (number >>> Byte.SIZE * i);
            }
            dma.write(a.address(), data, a.pasid(), Access.WRITE, done);
        } else {
            dma.read(a.address(), data, a.pasid(), Access.READ, done);
        }
    }

    private void ended(DeviceAccess a, UnderWay own, long at, DmaChannel.Status status, int moved) {
        counts.count(status);
        bytes += moved;
        listener.ended(a, status, loop.now() - at);
        own.ended = true;
        while (!underWay.isEmpty() && underWay.getFirst().ended) {
            underWay.removeFirst();
            long number = seen++;
            loop.schedule(loop.now() + parameters.notice(), (time, data) -> pattern.seen(number, software), 0);
        }
        if (parameters.outstanding() > 0) {
            again(at);
        }
    }

    /** One that must not be sent, or that a device which was removed sends, ends at once: without a pause time would stand still. */
    private void again(long begunAt) {
        if (begunAt == loop.now()) {
            loop.schedule(begunAt + PAUSE, (time, data) -> begin(), 0);
        } else {
            begin();
        }
    }

    /** How accesses have ended. */
    public StatusCounts counts() {
        return counts;
    }

    /** Bytes that were read, or written. */
    public long bytes() {
        return bytes;
    }

    /** Accesses that have begun. */
    public long begun() {
        return begun;
    }
}
