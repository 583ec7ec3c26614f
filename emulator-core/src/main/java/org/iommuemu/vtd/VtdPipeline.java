// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.Architecture;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.ConfigurationCache;
import org.iommuemu.iommu.Iotlb;
import org.iommuemu.iommu.StageTwo;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.WalkCaches;
import org.iommuemu.paging.Walker;
import org.iommuemu.vtd.spec.Capability;

/** Puts the translation pipeline of a unit together. */
final class VtdPipeline {
    private VtdPipeline() {}

    /** A pipeline with empty caches, of which those of second-stage translations keep faults if caching mode is there. */
    static TranslationUnit build(
            PhysicalMemory memory, VtdFeatures features, CacheConfiguration caches, Architecture architecture) {
        VtdLeafRules rules = new VtdLeafRules();
        Iotlb nested = new Iotlb("nested cache", caches.ipa(), false);
        Iotlb iotlb = new Iotlb("IOTLB", caches.iotlb(), false);
        if (features.has(Capability.CM)) {
            iotlb.keepFaults();
            nested.keepFaults();
        }
        StageTwo stageTwo = new StageTwo(
                new Walker(memory, new WalkCaches("second-stage walk cache", caches.stage2Walk())),
                nested,
                rules,
                memory,
                ContextBuilder.NO_TABLES);
        return new TranslationUnit(
                architecture,
                rules,
                new ConfigurationCache(caches.configuration()),
                iotlb,
                new Walker(memory, new WalkCaches("walk cache", caches.walk())),
                stageTwo,
                memory);
    }
}
