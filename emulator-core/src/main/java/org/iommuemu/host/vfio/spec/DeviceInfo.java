// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio.spec;

import org.iommuemu.host.call.spec.StructureField;

/** What VFIO_DEVICE_GET_INFO returns: {@code struct vfio_device_info}, without capabilities. */
public final class DeviceInfo {
    /** Bytes that the caller says are there. */
    public static final StructureField ARGSZ = StructureField.u32("argsz", 0);
    /** {@link #PCI}. */
    public static final StructureField FLAGS = StructureField.u32("flags", 4);
    /** How many regions can be accessed through the file. */
    public static final StructureField NUM_REGIONS = StructureField.u32("num_regions", 8);
    /** How many kinds of interrupts. */
    public static final StructureField NUM_IRQS = StructureField.u32("num_irqs", 12);
    /** Its length. */
    public static final int BYTES = NUM_IRQS.end();

    /** VFIO_DEVICE_FLAGS_PCI: it is a PCI function. */
    public static final int PCI = 1 << 1;

    private DeviceInfo() {}
}
