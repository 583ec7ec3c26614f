// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.pcie.PcieLink;
import org.iommuemu.time.EventHandler;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.Pipeline;
import org.iommuemu.time.Waiter;

/**
 * A device that keeps a number of requests outstanding: whenever one ends, the next begins. What measures a memory path by itself.
 *
 * <pre>
 *   before ─▶ link up ─▶ IOMMU ─▶ memory ─▶ link down ─▶ one completion an interval ─▶ after ─▶ next request
 * </pre>
 *
 * <p>A write is over for the device when the IOMMU has taken it: it is posted, and its credit comes back.
 */
public final class ClosedLoop implements EventHandler {
    private final EventLoop loop;
    private final PcieLink link;
    private final TimedTranslation iommu;
    private final ClosedLoopParameters parameters;
    private final int streamId;
    private final LongSupplier addresses;
    private final LongConsumer latencies;
    private final Pipeline device;
    private final Waiter answers;
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
            PcieLink link,
            TimedTranslation iommu,
            ClosedLoopParameters parameters,
            int streamId,
            LongSupplier addresses,
            LongConsumer latencies) {
        this.loop = loop;
        this.link = link;
        this.iommu = iommu;
        this.parameters = parameters;
        this.streamId = streamId;
        this.addresses = addresses;
        this.latencies = latencies;
        device = new Pipeline("device", 1, parameters.interval(), 0);
        answers = device.waiter("completions");
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
        long end = parameters.write() ? write(time + parameters.before()) : read(time + parameters.before());
        lastEnd = Math.max(lastEnd, end);
        latencies.accept(end - time);
        loop.schedule(end, this, 0);
    }

    private long read(long at) {
        long translated = translate(link.requestRead(at, parameters.bytes()), Access.READ);
        long there = link.complete(translated + parameters.memory(), parameters.bytes());
        return device.pass(answers, there) + parameters.after();
    }

    private long write(long at) {
        long translated = translate(link.write(device.pass(answers, at), parameters.bytes()), Access.WRITE);
        return translated + parameters.memory() + parameters.after();
    }

    private long translate(long at, int access) {
        transaction.set(streamId, Transaction.NO_SUBSTREAM, addresses.getAsLong(), access);
        long end = iommu.translate(transaction, parameters.bytes(), at, verdict, journey);
        refused += verdict.isOk() ? 0 : 1;
        return end;
    }

    /** Requests that did not go through. */
    public long refused() {
        return refused;
    }
}
