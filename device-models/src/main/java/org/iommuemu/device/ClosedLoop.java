// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.time.EventHandler;
import org.iommuemu.time.EventLoop;

/**
 * A device that keeps a number of requests outstanding: whenever one ends, the next begins. What measures a memory path by itself.
 *
 * <p>What a request goes through, and when a write is over, is {@link DmaPath}'s.
 */
public final class ClosedLoop implements EventHandler {
    private final EventLoop loop;
    private final DmaPath path;
    private final ClosedLoopParameters parameters;
    private final int streamId;
    private final LongSupplier addresses;
    private final LongConsumer latencies;
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private final Journey journey = new Journey();
    private long remaining;
    private long refused;
    private long lastEnd;

    /**
     * A device at rest.
     *
     * @param streamId as which the IOMMU knows it
     * @param addresses gives each request's address
     * @param latencies takes each request's time from beginning to end, in ps
     */
    public ClosedLoop(
            EventLoop loop,
            DmaPath path,
            ClosedLoopParameters parameters,
            int streamId,
            LongSupplier addresses,
            LongConsumer latencies) {
        this.loop = loop;
        this.path = path;
        this.parameters = parameters;
        this.streamId = streamId;
        this.addresses = addresses;
        this.latencies = latencies;
    }

    /**
     * Issues requests until they have all ended.
     *
     * @param count how many
     * @return the time of the last end, in ps
     */
    public long run(long count) {
        remaining = count;
        for (int i = 0; i < parameters.outstanding(); i++) {
            loop.schedule(loop.now(), this, 0);
        }
        loop.run();
        return lastEnd;
    }

    /** Issues a request, of which the whole way is known at once. */
    @Override
    public void fire(long time, long data) {
        if (remaining == 0) {
            return;
        }
        remaining--;
        transaction.set(
                streamId,
                Transaction.NO_SUBSTREAM,
                addresses.getAsLong(),
                parameters.write() ? Access.WRITE : Access.READ);
        journey.clear();
        long end = path.access(transaction, parameters.bytes(), time, verdict, journey);
        refused += verdict.isOk() ? 0 : 1;
        lastEnd = Math.max(lastEnd, end);
        latencies.accept(end - time);
        loop.schedule(end, this, 0);
    }

    /** Requests that did not go through. */
    public long refused() {
        return refused;
    }
}
