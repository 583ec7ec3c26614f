// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.List;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.paging.WalkCaches;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.time.RandomStream;

/**
 * What a program runs on.
 *
 * @param architecture of the IOMMU
 * @param caches which caches it has: a number out of which geometries are made; 0 for none, 1 for standard ones
 * @param drained whether each step is over before the next begins
 */
record Setting(Architecture architecture, long caches, boolean drained) {
    enum Architecture {
        SMMUV3,
        VTD
    }

    /** How many address spaces a function can have: one without PASID, and one for each PASID from 1 up. */
    int pasids() {
        return 3;
    }

    Setting withCaches(long other) {
        return new Setting(architecture, other, drained);
    }

    Platform machine() {
        PlatformParameters p = PlatformParameters.standard().withCaches(configuration());
        return architecture == Architecture.SMMUV3 ? Platform.smmuv3(p, smallQueues()) : Platform.vtd(p);
    }

    /** All features, with queues that programs can fill and wrap: 256 commands, 1,024 events and page requests. */
    private static SmmuFeatures smallQueues() {
        SmmuFeatures full = SmmuFeatures.full();
        long idr1 = Idr.PRIQS.set(Idr.EVENTQS.set(Idr.CMDQS.set(full.idr1(), 8), 10), 10);
        return new SmmuFeatures(full.idr0(), idr1, full.idr3(), full.idr5(), full.iidr(), full.aidr());
    }

    private CacheConfiguration configuration() {
        if (caches == 0) {
            return CacheConfiguration.none();
        }
        if (caches == 1) {
            return CacheConfiguration.standard();
        }
        RandomStream r = new RandomStream(caches);
        return new CacheConfiguration(geometry(r), geometry(r), geometry(r), walks(r), walks(r), r.nextBelow(2) == 0);
    }

    private static List<CacheGeometry> walks(RandomStream r) {
        CacheGeometry[] all = new CacheGeometry[WalkCaches.COUNT];
        for (int i = 0; i < all.length; i++) {
            all[i] = geometry(r);
        }
        return List.of(all);
    }

    private static CacheGeometry geometry(RandomStream r) {
        int sets = (int) r.nextBelow(6);
        int ways = 1 + (int) r.nextBelow(4);
        ReplacementPolicy[] policies = ReplacementPolicy.online().toArray(ReplacementPolicy[]::new);
        ReplacementPolicy policy = policies[(int) r.nextBelow(policies.length)];
        return sets == 0 ? CacheGeometry.none() : new CacheGeometry(sets, ways, policy, r.nextLong());
    }

    /** As it is written in Java. */
    String asJava() {
        return "new Setting(Setting.Architecture." + architecture + ", " + caches + ", " + drained + ")";
    }
}
