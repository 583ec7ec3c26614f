// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import java.util.LinkedHashMap;
import java.util.Map;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.CacheConfiguration;

/** The caches that must not make a difference, by name: none, standard ones, and small ones of every policy. */
final class CacheShapes {
    private CacheShapes() {}

    static Map<String, CacheConfiguration> all(long seed) {
        Map<String, CacheConfiguration> all = new LinkedHashMap<>();
        all.put("none", CacheConfiguration.none());
        all.put("standard", CacheConfiguration.standard());
        for (ReplacementPolicy policy : ReplacementPolicy.online()) {
            all.put("1x1 " + policy, CacheConfiguration.uniform(new CacheGeometry(1, 1, policy, seed)));
            all.put("3x5 " + policy, CacheConfiguration.uniform(new CacheGeometry(3, 5, policy, seed)));
            all.put("1x16 " + policy, CacheConfiguration.uniform(new CacheGeometry(1, 16, policy, seed)));
        }
        return all;
    }
}
