// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio.spec;

import org.iommuemu.host.call.spec.StructureField;

/** A guest's PASID table. The proposal of 2017 leaves it open: this layout is the project's. */
public final class SvmPasidTable {
    /** Guest-physical address of the table, a multiple of 64. */
    public static final StructureField BASE = StructureField.u64("base_gpa", 0);
    /** Log2 of how many PASIDs it has (STE.S1CDMax). */
    public static final StructureField PASID_BITS = StructureField.u8("pasid_bits", 8);
    /** Its shape (STE.S1Fmt): 0 linear, 1 two levels with leaves of 4 KiB, 2 of 64 KiB. */
    public static final StructureField FORMAT = StructureField.u8("format", 9);
    /** Zero. */
    public static final StructureField RESERVED = StructureField.u16("rsvd", 10);
    /** Its length. */
    public static final int BYTES = RESERVED.end();

    private SvmPasidTable() {}
}
