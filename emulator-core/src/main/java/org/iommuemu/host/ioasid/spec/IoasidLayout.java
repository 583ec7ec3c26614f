// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid.spec;

import org.iommuemu.host.call.spec.StructureField;

/** What ALLOC, FREE and UNBIND_PGTBL have. */
public final class IoasidLayout {
    /** Bytes that the caller says there are. */
    public static final StructureField ARGSZ = StructureField.u32("argsz", 0);
    /** 0. */
    public static final StructureField FLAGS = StructureField.u32("flags", 4);
    /** Which; of ALLOC, the answer. */
    public static final StructureField IOASID = StructureField.u32("ioasid", 8);
    /** Bytes that are always there. */
    public static final int HEAD_BYTES = 8;
    /** Bytes of the whole. */
    public static final int BYTES = 12;

    private IoasidLayout() {}
}
