// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import org.iommuemu.iommu.timing.Journey.Outcome;

/** Counts one stream's transactions, and whom they made wait. */
final class StreamCounts {
    private static final int OUTCOMES = Outcome.values().length;

    private final long stream;
    private final long[] outcomes = new long[OUTCOMES];
    private final long[] delayed = new long[OUTCOMES];
    private final long[] delay = new long[OUTCOMES];
    private final LastAnswered[] lastAnswered = {new LastAnswered(this), new LastAnswered(this)};
    private final LatencyCollector latency = LatencyCollector.compact();
    private long writes;
    private long bytesRead;
    private long bytesWritten;
    private long refused;
    private long ordered;

    StreamCounts(long stream) {
        this.stream = stream;
    }

    void count(boolean write, int bytes, boolean ok, int outcome, long time, long waited) {
        outcomes[outcome]++;
        if (write) {
            writes++;
            bytesWritten += bytes;
        } else {
            bytesRead += bytes;
        }
        refused += ok ? 0 : 1;
        ordered += waited;
        latency.record(time);
    }

    /** One of its transactions has made another wait. */
    void blame(int outcome, long time) {
        delayed[outcome]++;
        delay[outcome] += time;
    }

    /** Of its reads, and of its writes. */
    LastAnswered[] lastAnswered() {
        return lastAnswered;
    }

    boolean isEmpty() {
        return transactions() == 0;
    }

    private long transactions() {
        return outcomes[0] + outcomes[1] + outcomes[2];
    }

    void reset() {
        for (int i = 0; i < OUTCOMES; i++) {
            outcomes[i] = 0;
            delayed[i] = 0;
            delay[i] = 0;
        }
        latency.reset();
        writes = 0;
        bytesRead = 0;
        bytesWritten = 0;
        refused = 0;
        ordered = 0;
    }

    StreamFigures figures() {
        return new StreamFigures(
                stream,
                transactions() - writes,
                writes,
                bytesRead,
                bytesWritten,
                outcomes[Outcome.HIT.ordinal()],
                outcomes[Outcome.MERGED_MISS.ordinal()],
                outcomes[Outcome.MISS.ordinal()],
                refused,
                latency.figures(),
                ordered);
    }

    Blocker blocker(Outcome outcome) {
        return new Blocker(stream, outcome, delayed[outcome.ordinal()], delay[outcome.ordinal()]);
    }
}
