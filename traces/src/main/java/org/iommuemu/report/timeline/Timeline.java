// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.timeline;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.Journey.Outcome;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.measure.TransactionListener;

/** Keeps some of a replay's transactions: so many from a certain one on. Its memory goes by these, 160 bytes each, not by the trace. */
public final class Timeline implements TransactionListener {
    /** Transactions kept where nobody says otherwise. */
    public static final int USUAL_COUNT = 10_000;

    private static final LatencyPart[] PARTS = LatencyPart.values();

    /**
     * A transaction. Times in ps.
     *
     * @param number among those that are measured, from 0
     * @param address output address, or −1 if it was refused
     * @param parts what the time was spent on, by {@link LatencyPart}
     */
    record Slice(
            long number,
            int stream,
            boolean write,
            long iova,
            long address,
            int bytes,
            long start,
            long end,
            Outcome outcome,
            int reads,
            long[] parts) {}

    private final long from;
    private final int count;
    private final List<Slice> slices = new ArrayList<>();
    private long seen;

    /**
     * A collector.
     *
     * @param from number of the first measured transaction that is kept, from 0
     * @param count how many are kept at most
     */
    public Timeline(long from, int count) {
        this.from = from;
        this.count = count;
    }

    @Override
    public void measured(
            Transaction t, int bytes, long at, long end, Verdict v, Journey journey, Outcome outcome, int reads) {
        long number = seen++;
        if (number < from || slices.size() == count) {
            return;
        }
        long[] parts = new long[PARTS.length];
        for (LatencyPart p : PARTS) {
            parts[p.ordinal()] = journey.of(p);
        }
        slices.add(new Slice(
                number,
                t.streamId(),
                Access.isWrite(t.access()),
                t.address(),
                v.isOk() ? v.address() : -1,
                bytes,
                at,
                end,
                outcome,
                reads,
                parts));
    }

    /** What is kept, in the order of beginning. */
    List<Slice> slices() {
        return Collections.unmodifiableList(slices);
    }

    /** How many are kept. */
    public int size() {
        return slices.size();
    }
}
