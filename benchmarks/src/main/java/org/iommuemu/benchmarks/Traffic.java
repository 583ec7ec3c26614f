// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.util.SplittableRandom;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;

/** Reads, one for each of a number of pages, in an order fixed beforehand that starts over at its end. */
final class Traffic {
    /** Transactions of one {@link #batch}: enough to hide the cost of the harness. */
    static final int BATCH = 1024;

    private static final long SEED = 0x10_33;

    private final Iommu iommu;
    private final boolean pasids;
    private final int[] streams;
    private final long[] addresses;
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private int next;
    private long sent;

    /**
     * Traffic for a machine. Where streams have PASIDs, it is the PASIDs of stream 0 that take turns.
     *
     * @param machine who answers
     * @param order the pages, a multiple of {@link #BATCH} of them
     * @param streams number of streams or PASIDs; they take turns, each with pages of its own
     */
    Traffic(BenchmarkMachine machine, int[] order, int streams) {
        iommu = machine.iommu();
        pasids = machine.pasids() > 0;
        this.streams = new int[order.length];
        addresses = new long[order.length];
        for (int i = 0; i < order.length; i++) {
            this.streams[i] = order[i] % streams;
            addresses[i] = machine.addressOf(order[i] / streams);
        }
    }

    /** The numbers below {@code count} upwards, as often as it takes to fill a {@link #BATCH}. */
    static int[] cyclic(int count) {
        int[] order = new int[Math.max(count, BATCH)];
        for (int i = 0; i < order.length; i++) {
            order[i] = i % count;
        }
        return order;
    }

    /** The same in a random order, which repeats. */
    static int[] shuffled(int count) {
        SplittableRandom random = new SplittableRandom(SEED);
        int[] order = cyclic(count);
        for (int i = count - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        for (int i = count; i < order.length; i++) {
            order[i] = order[i - count];
        }
        return order;
    }

    /** Issues the next {@link #BATCH} transactions; returns something that depends on every verdict. */
    long batch() {
        return send(BATCH);
    }

    /** Issues the next transactions, of which there are {@code count}, a divisor of {@link #BATCH}. */
    long send(int count) {
        int end = next + count;
        long sum = pasids ? sendWithPasids(next, end) : send(next, end);
        next = end == addresses.length ? 0 : end;
        sent += count;
        return sum;
    }

    private long send(int from, int end) {
        Iommu to = iommu;
        Transaction t = transaction;
        Verdict v = verdict;
        int[] source = streams;
        long[] at = addresses;
        long sum = 0;
        for (int i = from; i < end; i++) {
            to.translate(t.read(source[i], at[i]), v);
            sum += v.address() + v.pageShift();
        }
        return sum;
    }

    private long sendWithPasids(int from, int end) {
        Iommu to = iommu;
        Transaction t = transaction;
        Verdict v = verdict;
        long sum = 0;
        for (int i = from; i < end; i++) {
            to.translate(t.set(0, streams[i], addresses[i], Access.READ), v);
            sum += v.address() + v.pageShift();
        }
        return sum;
    }

    /** Goes round once, to fill the caches, and forgets it. */
    void warmUp() {
        round();
        sent = 0;
    }

    /** Issues every transaction once, from the first on, where the last round has ended. */
    void round() {
        do {
            batch();
        } while (next != 0);
    }

    /** Transactions issued since {@link #warmUp}. */
    long sent() {
        return sent;
    }
}
