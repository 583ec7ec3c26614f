// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio.spec;

import org.iommuemu.host.call.spec.StructureField;

/** What VFIO_IOMMU_BIND and VFIO_IOMMU_UNBIND take (process binding of 2018). */
public final class Bind {
    /** Bytes that the caller says are there. */
    public static final StructureField ARGSZ = StructureField.u32("argsz", 0);
    /** {@link #PROCESS}. */
    public static final StructureField FLAGS = StructureField.u32("flags", 4);
    /** Where {@code data} begins. */
    public static final int DATA = FLAGS.end();

    /** VFIO_IOMMU_BIND_PROCESS: {@code data} is a {@link BindProcess}. */
    public static final int PROCESS = 1;

    private Bind() {}
}
