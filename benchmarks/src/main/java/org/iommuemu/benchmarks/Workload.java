// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import org.iommuemu.iommu.CacheConfiguration;

/**
 * What a machine is set up for.
 *
 * @param caches geometry of its caches
 * @param streams number of streams
 * @param pages number of pages that each of them maps
 * @param stride distance of a stream's pages, in pages
 * @param isNested whether a second stage lies behind the first
 * @param isRecorded whether faults are recorded (SMMUv3 CD.R, VT-d not FPD)
 */
record Workload(CacheConfiguration caches, int streams, int pages, int stride, boolean isNested, boolean isRecorded) {
    /** One stage, pages that follow one another, faults that are recorded. */
    static Workload of(CacheConfiguration caches, int streams, int pages) {
        return new Workload(caches, streams, pages, 1, false, true);
    }

    Workload withStride(int distance) {
        return new Workload(caches, streams, pages, distance, isNested, isRecorded);
    }

    Workload nested() {
        return new Workload(caches, streams, pages, stride, true, isRecorded);
    }

    Workload recording(boolean on) {
        return new Workload(caches, streams, pages, stride, isNested, on);
    }
}
