// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What waits to be sent in one direction, and in which order it may go (PCIe Base Specification §2.4.1, §2.6): TLPs of one kind of
 * credits in order; posted requests past all others; no read, AtomicOp or completion past a posted request that was there before it.
 * Completions and non-posted requests may pass each other. There is no relaxed ordering.
 */
final class TransmitQueue {
    /** A TLP that waits; {@code gone} is called when it has left. */
    private record Waiting(long sequence, Tlp tlp, Runnable gone) {}

    private static final class Flow {
        private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
        private final CreditCount credits;

        Flow(FlowControl.Pool pool) {
            credits = new CreditCount(pool);
        }
    }

    private final Map<TlpKind.Flow, Flow> flows = new EnumMap<>(TlpKind.Flow.class);
    private final Consumer<Tlp> wire;
    private long sent;

    /** An empty queue with all its credits, out of which TLPs go to {@code wire}. */
    TransmitQueue(
            FlowControl.Pool posted, FlowControl.Pool nonPosted, FlowControl.Pool completions, Consumer<Tlp> wire) {
        this.wire = wire;
        flows.put(TlpKind.Flow.POSTED, new Flow(posted));
        flows.put(TlpKind.Flow.NON_POSTED, new Flow(nonPosted));
        flows.put(TlpKind.Flow.COMPLETION, new Flow(completions));
    }

    private Flow flow(Tlp tlp) {
        return flows.get(tlp.kind().flow());
    }

    void send(Tlp tlp, Runnable gone) {
        flow(tlp).waiting.addLast(new Waiting(sent++, tlp, gone));
        pass();
    }

    /** Has something run when all posted TLPs that were sent before have gone: at once, if none waits. */
    void afterPosted(Runnable what) {
        ArrayDeque<Waiting> posted = flows.get(TlpKind.Flow.POSTED).waiting;
        Waiting last = posted.pollLast();
        if (last == null) {
            what.run();
            return;
        }
        posted.addLast(new Waiting(last.sequence, last.tlp, () -> {
            last.gone.run();
            what.run();
        }));
    }

    /** The credits of a TLP are back. */
    void credit(Tlp tlp) {
        flow(tlp).credits.give(tlp);
        pass();
    }

    private void pass() {
        Waiting next = next();
        while (next != null) {
            Flow flow = flow(next.tlp);
            flow.waiting.removeFirst();
            flow.credits.take(next.tlp);
            wire.accept(next.tlp);
            next.gone.run();
            next = next();
        }
    }

    /** Of those that may go, the one that came first. */
    private @Nullable Waiting next() {
        Waiting posted = flows.get(TlpKind.Flow.POSTED).waiting.peekFirst();
        Waiting best = null;
        for (Flow flow : flows.values()) {
            Waiting first = flow.waiting.peekFirst();
            if (first != null
                    && (posted == null || first.sequence <= posted.sequence)
                    && (best == null || first.sequence < best.sequence)
                    && flow.credits.isEnoughFor(first.tlp)) {
                best = first;
            }
        }
        return best;
    }

    /** Forgets what waits, and has all credits again: the link is gone, or has been reset. */
    void clear() {
        for (Flow flow : flows.values()) {
            flow.credits.reset();
            while (!flow.waiting.isEmpty()) {
                flow.waiting.removeFirst().gone.run();
            }
        }
    }
}
