// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest.spec;

import org.iommuemu.host.call.spec.StructureField;

/** iommu_cache_invalidate_info of Linux 5.10 (include/uapi/linux/iommu.h). */
public final class CacheInvalidateInfo {
    /** Bytes that the caller says there are. */
    public static final StructureField ARGSZ = StructureField.u32("argsz", 0);
    /** {@link #VERSION_1}. */
    public static final StructureField VERSION = StructureField.u32("version", 4);
    /** Which caches: {@link #IOTLB}, {@link #DEV_IOTLB}, {@link #PASID_CACHE}. */
    public static final StructureField CACHE = StructureField.u8("cache", 8);
    /** {@link #DOMAIN}, {@link #PASID} or {@link #ADDR}. */
    public static final StructureField GRANULARITY = StructureField.u8("granularity", 9);
    /** To be zero, with the next. */
    public static final StructureField PADDING_LOW = StructureField.u16("padding[0]", 10);
    /** To be zero. */
    public static final StructureField PADDING_HIGH = StructureField.u32("padding[2]", 12);
    /** Which of the following are meant. */
    public static final StructureField INFO_FLAGS = StructureField.u32("granu.flags", 16);
    /** The guest's ASID. */
    public static final StructureField ARCHID = StructureField.u32("granu.archid", 20);
    /** The PASID. */
    public static final StructureField INFO_PASID = StructureField.u64("granu.pasid", 24);
    /** Of addresses: the first. */
    public static final StructureField ADDRESS = StructureField.u64("granu.addr_info.addr", 32);
    /** Of addresses: bytes of a page. */
    public static final StructureField GRANULE_SIZE = StructureField.u64("granu.addr_info.granule_size", 40);
    /** Of addresses: how many pages. */
    public static final StructureField NB_GRANULES = StructureField.u64("granu.addr_info.nb_granules", 48);

    /** Bytes before what the granularity says. */
    public static final int HEAD_BYTES = 16;
    /** First byte behind what a PASID needs. */
    public static final int PASID_END = INFO_PASID.end();
    /** Bytes of the whole, all of which addresses need. */
    public static final int BYTES = NB_GRANULES.end();

    /** The only version. */
    public static final int VERSION_1 = 1;
    /** IOTLBs. */
    public static final int IOTLB = 1;
    /** ATCs. */
    public static final int DEV_IOTLB = 1 << 1;
    /** PASID entries. */
    public static final int PASID_CACHE = 1 << 2;
    /** Granularity: the whole guest. */
    public static final int DOMAIN = 0;
    /** Granularity: one PASID. */
    public static final int PASID = 1;
    /** Granularity: addresses. */
    public static final int ADDR = 2;
    /** {@link #INFO_PASID} is meant. */
    public static final int FLAG_PASID = 1;
    /** {@link #ARCHID} is meant. */
    public static final int FLAG_ARCHID = 1 << 1;
    /** Of addresses: leaves only. */
    public static final int FLAG_LEAF = 1 << 2;

    private CacheInvalidateInfo() {}
}
