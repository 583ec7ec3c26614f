// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid.spec;

import org.iommuemu.host.call.spec.StructureField;

/** What DEVICE_ALLOW_IOASID and DEVICE_DISALLOW_IOASID have. */
public final class AllowLayout {
    /** Bytes that the caller says there are. */
    public static final StructureField ARGSZ = StructureField.u32("argsz", 0);
    /** 0. */
    public static final StructureField FLAGS = StructureField.u32("flags", 4);
    /** The caller's descriptor of /dev/ioasid. */
    public static final StructureField IOASID_FD = StructureField.u32("ioasid_fd", 8);
    /** Which. */
    public static final StructureField IOASID = StructureField.u32("ioasid", 12);
    /** Bytes of the whole. */
    public static final int BYTES = 16;

    private AllowLayout() {}
}
