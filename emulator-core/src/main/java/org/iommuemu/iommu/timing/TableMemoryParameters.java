// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

import org.iommuemu.cache.CacheGeometry;

/**
 * What reading tables and configuration structures costs. All times in ps.
 *
 * @param latency of a read from memory
 * @param slow reads from memory that take longer
 * @param lines the host's cache, as far as it holds lines of tables; without entries there is none
 * @param lineLatency of a read from that cache
 * @param outstanding reads from memory under way at once
 * @param bitsPerSecond of memory, 64 bytes a read; 0 for no limit
 */
public record TableMemoryParameters(
        long latency, Slow slow, CacheGeometry lines, long lineLatency, int outstanding, long bitsPerSecond) {
    /** Bytes of a line. */
    public static final int LINE = 64;

    /** Checks the ranges. */
    public TableMemoryParameters {
        TimingParameters.atLeast("latency of table reads", latency, 0);
        TimingParameters.atLeast("latency of cached table reads", lineLatency, 0);
        TimingParameters.atLeast("table reads under way", outstanding, 1);
        TimingParameters.atLeast("bandwidth of table reads", bitsPerSecond, 0);
    }

    /** Memory without a cache or limits. */
    public TableMemoryParameters(long latency, double slowFraction, long slowExtra, long seed) {
        this(latency, new Slow(slowFraction, slowExtra, seed), CacheGeometry.none(), 0, Integer.MAX_VALUE, 0);
    }

    /**
     * Reads that take longer.
     *
     * @param fraction share of reads, 0 to 1
     * @param extra how much longer
     * @param seed of the choice which do
     */
    public record Slow(double fraction, long extra, long seed) {
        /** Checks the ranges. */
        public Slow {
            TimingParameters.atLeast("extra latency of slow table reads", extra, 0);
            if (!(fraction >= 0 && fraction <= 1)) {
                throw new IllegalArgumentException("share of slow table reads is " + fraction + ", expected 0 to 1");
            }
        }
    }
}
