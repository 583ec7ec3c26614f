// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.junit.jupiter.api.Test;

class SmmuCountsTest {
    @Test
    void shouldCountWhatOccurredAndNothingElse() {
        try (PhysicalMemory memory = new PhysicalMemory()) {
            SmmuV3 smmu = new SmmuV3(memory, SmmuFeatures.full(), CacheConfiguration.none(), InterruptSink.NONE);
            assertThat(new SmmuCounts(smmu).others()).isEmpty();
            // SYNC with SEV, SYNC with a message to 0x80000; C_BAD_STREAMID without an event queue.
            memory.writeLong(0x9_0000, 0x46 | 2 << 12);
            memory.writeLong(0x9_0010, 0x46 | 1 << 12);
            memory.writeLong(0x9_0018, 0x8_0000);
            smmu.writeRegister(0x2C, 4, 2);
            smmu.writeRegister(0x90, 8, 0x9_0000 | 6);
            smmu.writeRegister(0x98, 4, 2);
            smmu.writeRegister(0x20, 4, 9);
            smmu.translate(new Transaction().read(7, 0), new Verdict());

            assertThat(new SmmuCounts(smmu).others())
                    .isEqualTo(Map.of("wakeUpEvents", 1L, "messagesSent", 1L, "eventsDiscarded", 1L));
        }
    }
}
