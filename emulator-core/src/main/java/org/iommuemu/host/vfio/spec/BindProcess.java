// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio.spec;

import org.iommuemu.host.call.spec.StructureField;

/** The part of {@link Bind} that names a process: {@code struct vfio_iommu_type1_bind_process}. */
public final class BindProcess {
    /** {@link #PID}, or 0 for the caller. */
    public static final StructureField FLAGS = StructureField.u32("flags", 0);
    /** What requests of its address space carry. Returned by BIND, ignored by UNBIND. */
    public static final StructureField PASID = StructureField.u32("pasid", 4);
    /** Which process, if flags say so; signed. */
    public static final StructureField PID_FIELD = StructureField.u32("pid", 8);
    /** Its length. */
    public static final int BYTES = PID_FIELD.end();

    /** VFIO_IOMMU_BIND_PID: the process is that of {@link #PID_FIELD}. */
    public static final int PID = 1;

    private BindProcess() {}
}
