// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

/**
 * What became of one stream's transactions. Times in ps.
 *
 * @param stream StreamID or requester id, or {@link #OTHERS}
 * @param reads its reads
 * @param writes its writes
 * @param bytesRead bytes of its reads, refused ones included
 * @param bytesWritten bytes of its writes, likewise
 * @param hits how many hit
 * @param merged how many waited for a fill under way
 * @param misses how many had something read for them
 * @param refused how many were refused, or held back
 * @param latency of all of them, with percentiles to 6 %
 * @param ordered what they waited translated, behind predecessors
 */
public record StreamFigures(
        long stream,
        long reads,
        long writes,
        long bytesRead,
        long bytesWritten,
        long hits,
        long merged,
        long misses,
        long refused,
        Latency latency,
        long ordered) {
    /** All streams together that came after those that are counted one by one. */
    public static final long OTHERS = -1;

    /** Its transactions. */
    public long transactions() {
        return reads + writes;
    }

    /** Its bytes, in both directions. */
    public long bytes() {
        return bytesRead + bytesWritten;
    }
}
