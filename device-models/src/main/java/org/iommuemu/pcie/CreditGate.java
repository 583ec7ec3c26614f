// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayDeque;
import java.util.function.Consumer;

/**
 * Flow control of one kind in one direction, in events: TLPs for which there are no credits wait, in order (PCIe Base Specification
 * §2.6). {@link CreditPool} is the same where the end of every use is known when it begins.
 */
final class CreditGate {
    private final FlowControl.Pool pool;
    private final Consumer<Tlp> passed;
    private final ArrayDeque<Tlp> waiting = new ArrayDeque<>();
    private int headers;
    private int data;
    private final ArrayDeque<Behind> behind = new ArrayDeque<>();
    private int mostWaiting;
    private long sent;
    private long gone;

    private record Behind(long number, Runnable what) {}

    /** A gate with all its credits, through which TLPs come to {@code passed}. */
    CreditGate(FlowControl.Pool pool, Consumer<Tlp> passed) {
        this.pool = pool;
        this.passed = passed;
        headers = pool.headers();
        data = pool.data();
    }

    private static int units(Tlp tlp) {
        return (tlp.dataBytes() + FlowControl.UNIT - 1) / FlowControl.UNIT;
    }

    void send(Tlp tlp) {
        sent++;
        waiting.addLast(tlp);
        mostWaiting = Math.max(mostWaiting, waiting.size());
        pass();
    }

    /** The credits of a TLP are back. */
    void credit(Tlp tlp) {
        headers++;
        data += units(tlp);
        pass();
    }

    private void pass() {
        while (!waiting.isEmpty() && isEnough(waiting.getFirst())) {
            Tlp tlp = waiting.removeFirst();
            headers--;
            data -= units(tlp);
            passed.accept(tlp);
            gone++;
        }
        while (!behind.isEmpty() && behind.getFirst().number <= gone) {
            behind.removeFirst().what.run();
        }
    }

    /** Has something run when all TLPs that were sent before have passed: at once, if none waits. */
    void behind(Runnable what) {
        behind.addLast(new Behind(sent, what));
        pass();
    }

    /** Zero credits at initialisation are infinite ones. */
    private boolean isEnough(Tlp tlp) {
        return (pool.headers() == 0 || headers > 0) && (pool.data() == 0 || data >= units(tlp));
    }

    /** Forgets what waits: the link is gone. */
    void clear() {
        waiting.clear();
        gone = sent;
        pass();
    }

    /** The most TLPs that ever waited, with one that went at once. */
    int mostWaiting() {
        return mostWaiting;
    }
}
