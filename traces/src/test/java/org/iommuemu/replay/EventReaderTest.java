// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Idr;
import org.junit.jupiter.api.Test;

/** Fact sheet 1.12: LOG2SIZE is capped at EVENTQS for use, not for read-back; the base is aligned by hardware. */
class EventReaderTest {
    @Test
    void shouldReadAQueueWhereAndAsLargeAsHardwareHasIt() {
        SmmuFeatures f = SmmuFeatures.full();
        SmmuFeatures small = new SmmuFeatures(f.idr0(), Idr.EVENTQS.set(f.idr1(), 1), f.idr3(), f.idr5(), 0, 2);
        try (PhysicalMemory memory = new PhysicalMemory()) {
            SmmuV3 smmu = new SmmuV3(memory, small, CacheConfiguration.none(), InterruptSink.NONE);
            // C_BAD_STREAMID is recorded; no stream exists; two entries at 0xA0000, though 32 at 0xA0020 are asked for.
            smmu.writeRegister(0x2C, 4, 2);
            smmu.writeRegister(0xA0, 8, 0xA_0020 | 5);
            smmu.writeRegister(0x20, 4, 5);
            EventReader reader = new EventReader(smmu, memory);
            for (int stream = 1; stream <= 5; stream++) {
                smmu.translate(new Transaction().read(stream, 0), new Verdict());

                assertThat(reader.drain()).isEqualTo(1);
                assertThat(reader.last()[0]).isEqualTo(stream * 0x1_0000_0000L | 2);
            }
        }
    }
}
