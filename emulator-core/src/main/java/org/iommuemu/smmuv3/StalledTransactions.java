// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Iterator;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.jspecify.annotations.Nullable;

/**
 * Transactions that faulted and wait for software (IHI 0070 §3.12.2). One that has been recorded has a STAG, and waits for
 * CMD_RESUME or CMD_STALL_TERM. One that could not be recorded, because the event queue was not writable or every STAG was
 * taken, has none, and is tried again when that changes: it never gets lost. No transaction is retried early and no record is
 * suppressed.
 */
final class StalledTransactions {
    private static final int NO_TAG = -1;

    private static final class Stalled {
        private final long ticket;
        private final Transaction transaction;
        private int tag = NO_TAG;
        private int retries;

        private Stalled(long ticket, Transaction t) {
            this.ticket = ticket;
            transaction = new Transaction().set(t.streamId(), t.substreamId(), t.address(), t.access());
        }
    }

    private final int most;
    private final TreeMap<Integer, Stalled> byTag = new TreeMap<>();
    private final BitSet tags = new BitSet();
    private final ArrayDeque<Stalled> waiting = new ArrayDeque<>();
    private DevicePort port = DevicePort.NONE;
    private BiConsumer<Transaction, Verdict> translate = (t, v) -> {};
    private @Nullable Stalled retrying;
    private long tickets;
    private long held;
    private int mostRetries;

    /** With room for {@code most} recorded ones: IDR5.STALL_MAX. */
    StalledTransactions(int most) {
        this.most = most;
    }

    /** Where transactions go when they are tried again. */
    void retryThrough(BiConsumer<Transaction, Verdict> translation) {
        translate = translation;
    }

    /** Whom the end of a transaction is told. */
    void connect(DevicePort devices) {
        port = devices;
    }

    boolean canStall(int streamId) {
        return port.canStall(streamId);
    }

    /** The lowest STAG that is not in use, or −1 if all are. */
    int freeTag() {
        int tag = tags.nextClearBit(0);
        return tag < most ? tag : NO_TAG;
    }

    /**
     * Holds a transaction back.
     *
     * @param tag the STAG that it has been recorded with, or −1 if it could not be
     * @return its ticket
     */
    long hold(Transaction t, int tag) {
        Stalled s = retrying;
        if (s == null) {
            s = new Stalled(tickets++, t);
            held++;
        }
        s.tag = tag;
        if (tag == NO_TAG) {
            waiting.addLast(s);
        } else {
            byTag.put(tag, s);
            tags.set(tag);
        }
        return s.ticket;
    }

    /** CMD_RESUME with Ac=1: tries again, as if the transaction had just come in (§4.6.1). */
    void retry(int streamId, int tag) {
        Stalled s = take(streamId, tag);
        if (s != null) {
            retry(s);
            retryWaiting(false);
        }
    }

    /** CMD_RESUME with Ac=0: ends a transaction. */
    void end(int streamId, int tag, Verdict.Status how) {
        Stalled s = take(streamId, tag);
        if (s != null) {
            end(s, how, SmmuRule.STALL_TERMINATED);
            retryWaiting(false);
        }
    }

    /** A STAG names a transaction only together with its StreamID. */
    private @Nullable Stalled take(int streamId, int tag) {
        Stalled s = byTag.get(tag);
        if (s == null || s.transaction.streamId() != streamId) {
            return null;
        }
        byTag.remove(tag);
        tags.clear(tag);
        return s;
    }

    /** CMD_STALL_TERM: ends every transaction of a stream with an abort (§4.6.2). */
    void endStream(int streamId) {
        ArrayDeque<Stalled> ended = new ArrayDeque<>();
        for (Iterator<Stalled> i = byTag.values().iterator(); i.hasNext(); ) {
            Stalled s = i.next();
            if (s.transaction.streamId() == streamId) {
                i.remove();
                tags.clear(s.tag);
                ended.add(s);
            }
        }
        for (Iterator<Stalled> i = waiting.iterator(); i.hasNext(); ) {
            Stalled s = i.next();
            if (s.transaction.streamId() == streamId) {
                i.remove();
                ended.add(s);
            }
        }
        ended.forEach(s -> end(s, Verdict.Status.ABORT, SmmuRule.STALL_TERMINATED));
        retryWaiting(false);
    }

    /** SMMUEN is cleared: every transaction ends with an abort (§6.3.9.6). */
    void endAll() {
        ArrayDeque<Stalled> ended = new ArrayDeque<>(byTag.values());
        ended.addAll(waiting);
        byTag.clear();
        tags.clear();
        waiting.clear();
        ended.forEach(s -> end(s, Verdict.Status.ABORT, SmmuRule.STALL_TERMINATED));
    }

    /**
     * Tries the transactions without a STAG again, the oldest first.
     *
     * @param all whether to go on after one that still cannot be recorded: a later one may not fault any more
     */
    void retryWaiting(boolean all) {
        for (int n = waiting.size(); n > 0 && !waiting.isEmpty(); n--) {
            Stalled s = waiting.removeFirst();
            retry(s);
            if (!all && waiting.peekLast() == s) {
                waiting.addFirst(waiting.removeLast());
                return;
            }
        }
    }

    private void retry(Stalled s) {
        s.retries++;
        mostRetries = Math.max(mostRetries, s.retries);
        Verdict verdict = new Verdict();
        retrying = s;
        translate.accept(s.transaction, verdict);
        retrying = null;
        if (verdict.status() != Verdict.Status.STALLED) {
            port.resumed(s.ticket, s.transaction, verdict);
        }
    }

    private void end(Stalled s, Verdict.Status how, SmmuRule why) {
        Verdict verdict = new Verdict();
        verdict.end(how, why);
        port.resumed(s.ticket, s.transaction, verdict);
    }

    /** Transactions that wait now. */
    int size() {
        return byTag.size() + waiting.size();
    }

    /** Of those, the ones that software has not been told of yet. */
    int unrecorded() {
        return waiting.size();
    }

    /** Transactions held back so far. */
    long held() {
        return held;
    }

    /** The most times that any one transaction has been tried again. */
    int mostRetries() {
        return mostRetries;
    }
}
