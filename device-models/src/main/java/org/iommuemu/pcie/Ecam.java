// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.iommuemu.iommu.RegisterFrame;
import org.jspecify.annotations.Nullable;

/**
 * The region through which software reaches the configuration spaces of a segment: 4 KiB for each function, at its requester id
 * (PCIe Base Specification §7.2.2). Functions that are absent read all ones. An access has its effect at once; its time is not charged.
 */
public final class Ecam implements RegisterFrame {
    /** Size in bytes, for all 256 buses. */
    public static final long BYTES = 1L << 28;

    private static final int FUNCTION_SHIFT = 12;
    private static final long ALL_ONES = 0xFFFF_FFFFL;

    private final RootHierarchy hierarchy;

    Ecam(RootHierarchy hierarchy) {
        this.hierarchy = hierarchy;
    }

    /** Where a function's configuration space begins. */
    public static long offset(int requester) {
        return (long) requester << FUNCTION_SHIFT;
    }

    @Override
    public long readRegister(long offset, int size) {
        long mask = size >= Integer.BYTES ? ALL_ONES : (1L << Byte.SIZE * size) - 1;
        ConfigSpace config = find(offset, false);
        return config == null ? mask : config.read((int) offset & ConfigSpace.BYTES - 1, size) & mask;
    }

    @Override
    public void writeRegister(long offset, int size, long value) {
        ConfigSpace config = find(offset, true);
        if (config != null) {
            config.write((int) offset & ConfigSpace.BYTES - 1, size, (int) value);
        }
    }

    private @Nullable ConfigSpace find(long offset, boolean write) {
        if (offset < 0 || offset >= BYTES) {
            return null;
        }
        RequesterId id = RequesterId.of((int) (offset >>> FUNCTION_SHIFT));
        return hierarchy.config(id.bus(), id.device(), id.function(), write);
    }
}
