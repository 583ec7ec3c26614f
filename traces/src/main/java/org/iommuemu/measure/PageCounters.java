// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

/**
 * The counters by which IOMMUs are compared on hardware, where they are divided by payload in pages of 4 KiB.
 *
 * @param bytes payload: bytes read and written
 * @param firstLookups transactions, each of which looks the IOTLB up once as it comes
 * @param allLookups the same, and once more each that had to wait for a fill, its own or another's
 * @param misses transactions for which something was read
 * @param invalidations requests to invalidate translations, whatever they dropped
 * @param memoryAccesses structures and descriptors read
 */
public record PageCounters(
        long bytes, long firstLookups, long allLookups, long misses, long invalidations, long memoryAccesses) {
    private static final double PAGE = 4096;

    /** Payload in pages. */
    public double pages() {
        return bytes / PAGE;
    }

    /** One of the counters divided by the pages; 0 without payload. */
    public double perPage(long counter) {
        return bytes == 0 ? 0 : counter / pages();
    }
}
