// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.pmcg;

/** Whose events a counter counts (IHI 0070 §10.4). */
final class StreamFilter {
    private StreamFilter() {}

    /**
     * Whether a filter lets a stream's events through.
     *
     * @param filter SMMU_PMCG_SMRn.STREAMID
     * @param span SMMU_PMCG_EVTYPERn.FILTER_SID_SPAN: the lowest zero of the filter, and all ones below, are not compared
     * @param implemented the bits that a filter has; of the StreamID, no others are compared
     */
    static boolean matches(long filter, boolean span, long implemented, int streamId) {
        long ignored = span ? filter ^ filter + 1 : 0;
        return ((filter ^ streamId) & implemented & ~ignored) == 0;
    }
}
