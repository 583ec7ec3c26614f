// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;

/**
 * The caches of one translation unit.
 *
 * @param configuration resolved stream and substream configuration
 * @param iotlb leaf translations
 * @param ipa translations by stage 2 alone
 * @param walk table descriptors, one such cache for each height of each stage
 * @param contiguousHonoured whether the IOTLB caches a run of leaves marked contiguous as one entry
 */
public record CacheConfiguration(
        CacheGeometry configuration,
        CacheGeometry iotlb,
        CacheGeometry ipa,
        CacheGeometry walk,
        boolean contiguousHonoured) {

    /** 64 contexts, 2,048 translations, 512 by stage 2, 64 table descriptors of each height; all 4-way LRU, contiguous hints ignored. */
    public static CacheConfiguration standard() {
        return new CacheConfiguration(
                CacheGeometry.of(16, 4, ReplacementPolicy.LRU),
                CacheGeometry.of(512, 4, ReplacementPolicy.LRU),
                CacheGeometry.of(128, 4, ReplacementPolicy.LRU),
                CacheGeometry.of(16, 4, ReplacementPolicy.LRU),
                false);
    }

    /** No caches at all: every transaction reads its configuration and tables. */
    public static CacheConfiguration none() {
        return new CacheConfiguration(
                CacheGeometry.none(), CacheGeometry.none(), CacheGeometry.none(), CacheGeometry.none(), false);
    }

    /** The same with another IOTLB. */
    public CacheConfiguration withIotlb(CacheGeometry geometry) {
        return new CacheConfiguration(configuration, geometry, ipa, walk, contiguousHonoured);
    }

    /** The same with the contiguous hint honoured or not. */
    public CacheConfiguration withContiguousHonoured(boolean on) {
        return new CacheConfiguration(configuration, iotlb, ipa, walk, on);
    }
}
