// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid.spec;

import org.iommuemu.host.call.spec.StructureField;

/** What BIND_PGTBL has. */
public final class BindPgtblLayout {
    /** Bytes that the caller says there are. */
    public static final StructureField ARGSZ = StructureField.u32("argsz", 0);
    /** {@link #SRE}, {@link #EAFE}. */
    public static final StructureField FLAGS = StructureField.u32("flags", 4);
    /** Which. */
    public static final StructureField IOASID = StructureField.u32("ioasid", 8);
    /** Width of virtual addresses: 48 or 57. */
    public static final StructureField ADDR_WIDTH = StructureField.u32("addr_width", 12);
    /** Guest-physical address of the first table. */
    public static final StructureField PGTBL = StructureField.u64("pgtbl", 16);
    /** Bytes of the whole. */
    public static final int BYTES = 24;

    /** Requests with supervisor privilege. */
    public static final int SRE = 1;
    /** Extended accessed flags. */
    public static final int EAFE = 1 << 1;

    private BindPgtblLayout() {}
}
