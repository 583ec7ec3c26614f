// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import org.iommuemu.iommu.Iommu;
import org.iommuemu.platform.Platform;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.vtd.spec.VtdRegisters;

/** Makes queues full by their read index, and takes that back. */
final class QueueFaults {
    private static final int SIZE_MASK = 0x1F;
    private static final long FLAG = 1L << 31;
    private static final int VTD_RECORD = 32;
    private static final int VTD_SIZE_MASK = 7;
    private static final int VTD_SMALLEST = 12;

    private final Platform platform;
    private final FaultLog log;

    QueueFaults(Platform platform, FaultLog log) {
        this.platform = platform;
        this.log = log;
    }

    void add(QueueFullRule rule) {
        boolean smmu = platform.smmu() != null;
        FaultRule.check(
                smmu || rule.queue() == QueueFullRule.Queue.PAGE_REQUEST,
                rule.name(),
                "queue",
                rule.queue(),
                "page_request: VT-d has no event queue");
        long from = Math.max(platform.loop().now(), rule.from());
        platform.loop()
                .schedule(
                        from,
                        (time, data) -> {
                            if (smmu) {
                                begin(rule, smmuIndex(rule.queue()), smmuFull(rule.queue()));
                            } else {
                                begin(rule, VtdRegisters.PQH.offset(), vtdFull());
                            }
                        },
                        0);
    }

    private void begin(QueueFullRule rule, long register, long full) {
        Iommu iommu = platform.iommu();
        int size = platform.smmu() != null ? Integer.BYTES : Long.BYTES;
        long before = iommu.readRegister(register, size);
        iommu.writeRegister(register, size, full);
        log.add(
                rule.name(),
                "queue is full: read index 0x" + Long.toHexString(before) + " is 0x" + Long.toHexString(full));
        platform.loop()
                .schedule(
                        Math.max(platform.loop().now(), rule.until()),
                        (time, data) -> {
                            boolean untouched = iommu.readRegister(register, size) == full;
                            if (untouched) {
                                iommu.writeRegister(register, size, before);
                            }
                            log.add(
                                    rule.name(),
                                    untouched ? "read index is back" : "software has moved the read index");
                        },
                        0);
    }

    private static long smmuIndex(QueueFullRule.Queue queue) {
        return (queue == QueueFullRule.Queue.EVENT ? Registers.EVENTQ_CONS : Registers.PRIQ_CONS).offset();
    }

    /** Same index as PROD, other wrap bit; the overflow acknowledgement stays (IHI 0070 §3.5.1). */
    private long smmuFull(QueueFullRule.Queue queue) {
        boolean event = queue == QueueFullRule.Queue.EVENT;
        Iommu iommu = platform.iommu();
        long base = iommu.readRegister((event ? Registers.EVENTQ_BASE : Registers.PRIQ_BASE).offset(), Long.BYTES);
        long prod = iommu.readRegister((event ? Registers.EVENTQ_PROD : Registers.PRIQ_PROD).offset(), Integer.BYTES);
        long cons = iommu.readRegister(smmuIndex(queue), Integer.BYTES);
        return (prod & ~FLAG ^ 1L << (base & SIZE_MASK)) | cons & FLAG;
    }

    /** One record before the tail (VT-d §11.4.11). */
    private long vtdFull() {
        Iommu iommu = platform.iommu();
        long size = 1L << (iommu.readRegister(VtdRegisters.PQA.offset(), Long.BYTES) & VTD_SIZE_MASK) + VTD_SMALLEST;
        return iommu.readRegister(VtdRegisters.PQT.offset(), Long.BYTES) + VTD_RECORD & size - 1;
    }
}
