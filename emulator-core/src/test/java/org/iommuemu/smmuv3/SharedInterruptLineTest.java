// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.junit.jupiter.api.Test;

/** Fault case 55: two machines share a memory and a line. */
class SharedInterruptLineTest {
    private final PhysicalMemory memory = new PhysicalMemory();
    private int pulses;

    private SmmuV3 machine(long events) {
        InterruptSink line = name -> pulses++;
        SmmuV3 smmu = new SmmuV3(memory, SmmuFeatures.full(), CacheConfiguration.standard(), line);
        smmu.writeRegister(0x80, 8, SmmuBench.STREAM_TABLE);
        smmu.writeRegister(0x88, 4, 8);
        smmu.writeRegister(0xA0, 8, events | 4);
        smmu.writeRegister(0x50, 4, 4);
        smmu.writeRegister(0x20, 4, 5);
        return smmu;
    }

    @Test
    void shouldShowInTheRegistersOfTheRightOneWhoPulsed() {
        SmmuV3 first = machine(0x30_0000);
        SmmuV3 second = machine(0x40_0000);

        second.translate(new Transaction().read(7, 0x1000), new Verdict());

        assertThat(pulses).isEqualTo(1);
        assertThat(first.readRegister(0x100A8, 4)).isZero();
        assertThat(second.readRegister(0x100A8, 4)).isEqualTo(1);
        assertThat(memory.readLong(0x30_0000)).isZero();
        assertThat(memory.readLong(0x40_0000)).isEqualTo(0x7_0000_0004L);

        first.translate(new Transaction().read(8, 0x1000), new Verdict());
        assertThat(pulses).isEqualTo(2);
        assertThat(first.readRegister(0x100A8, 4)).isEqualTo(1);
        memory.close();
    }
}
