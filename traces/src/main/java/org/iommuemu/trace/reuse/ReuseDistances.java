// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.reuse;

import java.util.Arrays;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceReader;

/**
 * The stack distances of a trace's lookups: how many places of a {@link RecencyStack} lead to a page when it is used again, itself
 * included.
 */
public final class ReuseDistances implements PageListener {
    private final RecencyStack stack = new RecencyStack();
    private long[] hits = new long[1 << 10];
    /** A bit for each page that has ever been accessed. */
    private long[] seen = new long[1 << 6];

    private long cold;
    private long invalidated;
    private long refused;

    /** All of a trace, from where its reader is. */
    public static MissCurve of(TraceReader trace) {
        ReuseDistances distances = new ReuseDistances();
        TracePages pages = new TracePages(distances);
        DmaRecord r = trace.record();
        while (trace.next()) {
            pages.add(r);
        }
        return distances.curve();
    }

    @Override
    public void accessed(int page) {
        int place = stack.access(page);
        if (place == RecencyStack.ABSENT) {
            absent(page);
            return;
        }
        if (place >= hits.length) {
            hits = Arrays.copyOf(hits, Math.max(place + 1, 2 * hits.length));
        }
        hits[place]++;
    }

    private void absent(int page) {
        int word = page >>> 6;
        if (word >= seen.length) {
            seen = Arrays.copyOf(seen, Math.max(word + 1, 2 * seen.length));
        }
        if ((seen[word] >>> page & 1) == 0) {
            seen[word] |= 1L << page;
            cold++;
        } else {
            invalidated++;
        }
    }

    @Override
    public void refused() {
        refused++;
    }

    @Override
    public void invalidated(int page) {
        stack.remove(page);
    }

    /** What has come out so far. */
    public MissCurve curve() {
        int longest = hits.length - 1;
        while (longest > 0 && hits[longest] == 0) {
            longest--;
        }
        return new MissCurve(Arrays.copyOf(hits, longest + 1), cold, invalidated, refused);
    }
}
