// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio.spec;

import org.iommuemu.host.call.spec.StructureField;

/** A guest's page table for one PASID. The proposal of 2017 leaves it open: this layout is the project's. */
public final class SvmPageTable {
    /** Guest-physical address of the first table, a multiple of 4 KiB. */
    public static final StructureField GPGD = StructureField.u64("gpgd", 0);
    /** Whose it is. */
    public static final StructureField PASID = StructureField.u32("pasid", 8);
    /** Width of its addresses: 48 (four levels) or 57 (five). */
    public static final StructureField ADDR_WIDTH = StructureField.u32("addr_width", 12);
    /** {@link #SRE}, {@link #EAFE}, {@link #WPE}. */
    public static final StructureField ATTRIBUTES = StructureField.u64("attributes", 16);
    /** Its length. */
    public static final int BYTES = ATTRIBUTES.end();

    /** Requests with supervisor privilege may be made. */
    public static final int SRE = 1;
    /** The extended-accessed bit is set in entries that are used. */
    public static final int EAFE = 1 << 1;
    /** Supervisor writes respect the entries' write permission. */
    public static final int WPE = 1 << 2;

    private SvmPageTable() {}
}
