// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio.spec;

import org.iommuemu.host.call.spec.StructureField;

/** A process that is to have a PASID. The proposal of 2017 leaves it open: this layout is the project's. */
public final class SvmPasid {
    /** What requests of its address space carry. Returned. */
    public static final StructureField PASID = StructureField.u32("pasid", 0);
    /** Which process, or 0 for the caller; signed. */
    public static final StructureField PID = StructureField.u32("pid", 4);
    /** Its length. */
    public static final int BYTES = PID.end();

    private SvmPasid() {}
}
