// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio.spec;

import org.iommuemu.host.call.spec.StructureField;

/** What VFIO_GROUP_GET_STATUS returns: {@code struct vfio_group_status}. */
public final class GroupStatus {
    /** Bytes that the caller says are there. */
    public static final StructureField ARGSZ = StructureField.u32("argsz", 0);
    /** {@link #VIABLE}, {@link #CONTAINER_SET}. */
    public static final StructureField FLAGS = StructureField.u32("flags", 4);
    /** Its length. */
    public static final int BYTES = FLAGS.end();

    /** VFIO_GROUP_FLAGS_VIABLE: all its devices are VFIO's, or nobody's. */
    public static final int VIABLE = 1;
    /** VFIO_GROUP_FLAGS_CONTAINER_SET: it is in a container. */
    public static final int CONTAINER_SET = 1 << 1;

    private GroupStatus() {}
}
