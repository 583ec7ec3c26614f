// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.Collections;
import java.util.List;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.paging.WalkCaches;

/**
 * The caches of one translation unit.
 *
 * @param configuration resolved stream and substream configuration
 * @param iotlb leaf translations
 * @param ipa translations by stage 2 alone, on behalf of stage 1
 * @param walk table descriptors of what a transaction meets first, by height from 1 up: {@link WalkCaches#COUNT} of them
 * @param stage2Walk table descriptors of stage 2 behind stage 1, likewise
 * @param contiguousHonoured whether the IOTLB caches a run of leaves marked contiguous as one entry
 */
public record CacheConfiguration(
        CacheGeometry configuration,
        CacheGeometry iotlb,
        CacheGeometry ipa,
        List<CacheGeometry> walk,
        List<CacheGeometry> stage2Walk,
        boolean contiguousHonoured) {

    /** Takes copies. */
    public CacheConfiguration {
        walk = List.copyOf(walk);
        stage2Walk = List.copyOf(stage2Walk);
    }

    /**
     * 64 contexts, 2,048 translations, 512 by stage 2, 64 table descriptors of each height; all 4-way LRU, contiguous hints
     * ignored.
     */
    public static CacheConfiguration standard() {
        CacheGeometry small = CacheGeometry.of(16, 4, ReplacementPolicy.LRU);
        return uniform(small)
                .withIotlb(CacheGeometry.of(512, 4, ReplacementPolicy.LRU))
                .withIpa(CacheGeometry.of(128, 4, ReplacementPolicy.LRU));
    }

    /** No caches at all: every transaction reads its configuration and tables. */
    public static CacheConfiguration none() {
        return uniform(CacheGeometry.none());
    }

    /** Every cache of the same geometry. */
    public static CacheConfiguration uniform(CacheGeometry geometry) {
        return new CacheConfiguration(
                geometry, geometry, geometry, everyHeight(geometry), everyHeight(geometry), false);
    }

    /** A list of walk caches that are the same for every height. */
    public static List<CacheGeometry> everyHeight(CacheGeometry geometry) {
        return Collections.nCopies(WalkCaches.COUNT, geometry);
    }

    /** The same with another configuration cache. */
    public CacheConfiguration withConfiguration(CacheGeometry geometry) {
        return new CacheConfiguration(geometry, iotlb, ipa, walk, stage2Walk, contiguousHonoured);
    }

    /** The same with another IOTLB. */
    public CacheConfiguration withIotlb(CacheGeometry geometry) {
        return new CacheConfiguration(configuration, geometry, ipa, walk, stage2Walk, contiguousHonoured);
    }

    /** The same with another IPA cache. */
    public CacheConfiguration withIpa(CacheGeometry geometry) {
        return new CacheConfiguration(configuration, iotlb, geometry, walk, stage2Walk, contiguousHonoured);
    }

    /** The same with other walk caches, by height from 1 up. */
    public CacheConfiguration withWalk(List<CacheGeometry> geometries) {
        return new CacheConfiguration(configuration, iotlb, ipa, geometries, stage2Walk, contiguousHonoured);
    }

    /** The same with other walk caches of stage 2, by height from 1 up. */
    public CacheConfiguration withStage2Walk(List<CacheGeometry> geometries) {
        return new CacheConfiguration(configuration, iotlb, ipa, walk, geometries, contiguousHonoured);
    }

    /** The same with the contiguous hint honoured or not. */
    public CacheConfiguration withContiguousHonoured(boolean on) {
        return new CacheConfiguration(configuration, iotlb, ipa, walk, stage2Walk, on);
    }
}
