// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import org.iommuemu.iommu.CacheConfiguration;

/**
 * What a machine is set up for.
 *
 * @param caches geometry of its caches
 * @param streams number of streams
 * @param pasids number of PASIDs of each stream, from 0 on; 0 for none, and an address space for the stream itself
 * @param pages number of pages that each address space maps
 * @param stride distance of an address space's pages, in pages
 * @param isNested whether a second stage lies behind the first
 * @param isRecorded whether faults are recorded (SMMUv3 CD.R, VT-d not FPD)
 * @param isAts whether devices may use ATS
 */
record Workload(
        CacheConfiguration caches,
        int streams,
        int pasids,
        int pages,
        int stride,
        boolean isNested,
        boolean isRecorded,
        boolean isAts) {
    /** One stage, no PASIDs, pages that follow one another, faults that are recorded, no ATS. */
    static Workload of(CacheConfiguration caches, int streams, int pages) {
        return new Workload(caches, streams, 0, pages, 1, false, true, false);
    }

    Workload withPasids(int count) {
        return new Workload(caches, streams, count, pages, stride, isNested, isRecorded, isAts);
    }

    Workload withStride(int distance) {
        return new Workload(caches, streams, pasids, pages, distance, isNested, isRecorded, isAts);
    }

    Workload nested() {
        return new Workload(caches, streams, pasids, pages, stride, true, isRecorded, isAts);
    }

    Workload recording(boolean on) {
        return new Workload(caches, streams, pasids, pages, stride, isNested, on, isAts);
    }

    Workload withAts() {
        return new Workload(caches, streams, pasids, pages, stride, isNested, isRecorded, true);
    }

    /** Address spaces of a stream. */
    int spaces() {
        return Math.max(1, pasids);
    }
}
