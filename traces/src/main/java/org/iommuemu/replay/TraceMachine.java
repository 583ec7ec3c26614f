// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.SmmuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.measure.TimedMachine;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;

/** A machine for traces: an SMMUv3 with all that the model has, brought up by a driver. */
final class TraceMachine implements AutoCloseable {
    private final PhysicalMemory memory = new PhysicalMemory();
    private final SmmuV3 smmu;
    private final SmmuDriver driver;

    TraceMachine(CacheConfiguration caches, StageLayout stages) {
        smmu = new SmmuV3(memory, SmmuFeatures.full(), caches, InterruptSink.NONE);
        driver = SmmuDriver.trusting(smmu, memory, stages);
    }

    Iommu iommu() {
        return smmu;
    }

    IommuDriver driver() {
        return driver;
    }

    TranslationUnit unit() {
        return smmu.unit();
    }

    MachineCounts counts() {
        return new SmmuCounts(smmu);
    }

    /** The same for somebody who times it. */
    TimedMachine timed() {
        return new TimedMachine(smmu, smmu.unit(), smmu::observe, smmu::time, counts()::level);
    }

    PhysicalMemory memory() {
        return memory;
    }

    @Override
    public void close() {
        memory.close();
    }
}
