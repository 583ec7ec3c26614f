// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

/** Where one transaction's time went. One is used again and again. */
public final class Journey {
    private static final int PARTS = LatencyPart.values().length;

    private final long[] parts = new long[PARTS];

    /** Begins anew. */
    public void clear() {
        for (int i = 0; i < PARTS; i++) {
            parts[i] = 0;
        }
    }

    /** Adds {@code time}, in ps, to a part. */
    public void add(LatencyPart part, long time) {
        parts[part.ordinal()] += time;
    }

    /** Adds every part of another. */
    public void add(Journey other) {
        for (int i = 0; i < PARTS; i++) {
            parts[i] += other.parts[i];
        }
    }

    /** What a part came to, in ps. */
    public long of(LatencyPart part) {
        return parts[part.ordinal()];
    }

    /** All parts together, in ps. */
    public long total() {
        long sum = 0;
        for (long part : parts) {
            sum += part;
        }
        return sum;
    }
}
