// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest.spec;

import org.iommuemu.host.call.spec.StructureField;

/** iommu_gpasid_bind_data of Linux 5.10 (include/uapi/linux/iommu.h). */
public final class GpasidBindData {
    /** Bytes that the caller says there are. */
    public static final StructureField ARGSZ = StructureField.u32("argsz", 0);
    /** {@link #VERSION_1}. */
    public static final StructureField VERSION = StructureField.u32("version", 4);
    /** {@link #FORMAT_INTEL_VTD}. */
    public static final StructureField FORMAT = StructureField.u32("format", 8);
    /** Width of the guest's virtual addresses. */
    public static final StructureField ADDR_WIDTH = StructureField.u32("addr_width", 12);
    /** {@link #GPASID_VAL}. */
    public static final StructureField BIND_FLAGS = StructureField.u64("flags", 16);
    /** Guest-physical address of the guest's first table. */
    public static final StructureField GPGD = StructureField.u64("gpgd", 24);
    /** The PASID that the device uses. */
    public static final StructureField HPASID = StructureField.u64("hpasid", 32);
    /** The PASID as the guest knows it, with {@link #GPASID_VAL}. */
    public static final StructureField GPASID = StructureField.u64("gpasid", 40);
    /** To be zero. */
    public static final StructureField PADDING = StructureField.u64("padding", 48);
    /** {@link #SRE} and so on. */
    public static final StructureField VTD_FLAGS = StructureField.u64("vendor.vtd.flags", 56);
    /** Page attributes, with {@link #EMTE}. */
    public static final StructureField VTD_PAT = StructureField.u32("vendor.vtd.pat", 64);
    /** Extended memory type, with {@link #EMTE}. */
    public static final StructureField VTD_EMT = StructureField.u32("vendor.vtd.emt", 68);

    /** Bytes before what belongs to a vendor. */
    public static final int GENERIC_BYTES = 56;
    /** Bytes of the whole. */
    public static final int BYTES = 72;

    /** The only version. */
    public static final int VERSION_1 = 1;
    /** First stages of VT-d. */
    public static final int FORMAT_INTEL_VTD = 1;
    /** One more than the last format. */
    public static final int FORMAT_LAST = 2;
    /** The guest has another number for the PASID. */
    public static final long GPASID_VAL = 1;

    /** Requests with supervisor privilege. */
    public static final long SRE = 1;
    /** Extended accessed flags. */
    public static final long EAFE = 1 << 1;
    /** Tables are not cached. */
    public static final long PCD = 1 << 2;
    /** Tables are written through. */
    public static final long PWT = 1 << 3;
    /** Extended memory types. */
    public static final long EMTE = 1 << 4;
    /** Nothing is cached. */
    public static final long CD = 1 << 5;
    /** Those that need memory types of the unit. */
    public static final long MEMORY_TYPES = PCD | PWT | EMTE | CD;
    /** All there are. */
    public static final long VTD_FLAGS_KNOWN = SRE | EAFE | MEMORY_TYPES;

    private GpasidBindData() {}
}
