// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd.spec;

import static org.iommuemu.host.call.spec.StructureField.u32;
import static org.iommuemu.host.call.spec.StructureField.u64;
import static org.iommuemu.host.call.spec.StructureField.u8;

import org.iommuemu.host.call.spec.StructureField;

/** Structures of hardware page tables, and of what the hardware is. */
public final class HwptStructures {
    private HwptStructures() {}

    /** {@code struct iommu_hwpt_alloc}. */
    public static final class Alloc {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField FLAGS = u32("flags", 4);
        public static final StructureField DEV_ID = u32("dev_id", 8);
        public static final StructureField PT_ID = u32("pt_id", 12);
        public static final StructureField OUT_HWPT_ID = u32("out_hwpt_id", 16);
        public static final StructureField RESERVED = u32("__reserved", 20);
        public static final StructureField DATA_TYPE = u32("data_type", 24);
        public static final StructureField DATA_LEN = u32("data_len", 28);
        public static final StructureField DATA_UPTR = u64("data_uptr", 32);
        public static final StructureField FAULT_ID = u32("fault_id", 40);
        public static final StructureField RESERVED2 = u32("__reserved2", 44);
        /** May be the second stage behind a guest. */
        public static final int NEST_PARENT = 1;
        /** Dirty pages can be asked for. */
        public static final int DIRTY_TRACKING = 1 << 1;
        /** Faults go to a queue. */
        public static final int FAULT_ID_VALID = 1 << 2;
        /** PASIDs may be attached to it, and beside it. */
        public static final int PASID = 1 << 3;
        /** No data. */
        public static final int DATA_NONE = 0;
        /** {@link VtdS1}. */
        public static final int DATA_VTD_S1 = 1;
        /** {@link SmmuSte}. */
        public static final int DATA_ARM_SMMUV3 = 2;

        private Alloc() {}
    }

    /** {@code struct iommu_hwpt_vtd_s1}. */
    public static final class VtdS1 {
        public static final StructureField FLAGS = u64("flags", 0);
        public static final StructureField PGTBL_ADDR = u64("pgtbl_addr", 8);
        public static final StructureField ADDR_WIDTH = u32("addr_width", 16);
        public static final StructureField RESERVED = u32("__reserved", 20);
        /** Its length. */
        public static final int BYTES = 24;
        /** Requests with supervisor privilege. */
        public static final long SRE = 1;
        /** Extended access flags. */
        public static final long EAFE = 1 << 1;
        /** Write protection of supervisors. */
        public static final long WPE = 1 << 2;

        private VtdS1() {}
    }

    /** {@code struct iommu_hwpt_arm_smmuv3}. */
    public static final class SmmuSte {
        public static final StructureField STE0 = u64("ste0", 0);
        public static final StructureField STE1 = u64("ste1", 8);
        /** Its length. */
        public static final int BYTES = 16;

        private SmmuSte() {}
    }

    /** {@code struct iommu_hw_info}. */
    public static final class HwInfo {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField FLAGS = u32("flags", 4);
        public static final StructureField DEV_ID = u32("dev_id", 8);
        public static final StructureField DATA_LEN = u32("data_len", 12);
        public static final StructureField DATA_UPTR = u64("data_uptr", 16);
        public static final StructureField DATA_TYPE = u32("data_type", 24);
        public static final StructureField OUT_MAX_PASID_LOG2 = u8("out_max_pasid_log2", 28);
        public static final StructureField RESERVED0 = u8("__reserved0", 29);
        public static final StructureField RESERVED1 = u8("__reserved1", 30);
        public static final StructureField RESERVED2 = u8("__reserved2", 31);
        public static final StructureField OUT_CAPABILITIES = u64("out_capabilities", 32);
        /** The type is asked for, not only told. */
        public static final int INPUT_TYPE = 1;
        /** Whatever there is. */
        public static final int TYPE_DEFAULT = 0;
        /** {@link InfoVtd}. */
        public static final int TYPE_INTEL_VTD = 1;
        /** {@link InfoSmmu}. */
        public static final int TYPE_ARM_SMMUV3 = 2;

        private HwInfo() {}
    }

    /** {@code struct iommu_hw_info_vtd}. */
    public static final class InfoVtd {
        public static final StructureField FLAGS = u32("flags", 0);
        public static final StructureField RESERVED = u32("__reserved", 4);
        public static final StructureField CAP_REG = u64("cap_reg", 8);
        public static final StructureField ECAP_REG = u64("ecap_reg", 16);
        /** Its length. */
        public static final int BYTES = 24;

        private InfoVtd() {}
    }

    /** {@code struct iommu_hw_info_arm_smmuv3}. */
    public static final class InfoSmmu {
        public static final StructureField FLAGS = u32("flags", 0);
        public static final StructureField RESERVED = u32("__reserved", 4);
        public static final StructureField IDR0 = u32("idr0", 8);
        public static final StructureField IDR1 = u32("idr1", 12);
        public static final StructureField IDR2 = u32("idr2", 16);
        public static final StructureField IDR3 = u32("idr3", 20);
        public static final StructureField IDR4 = u32("idr4", 24);
        public static final StructureField IDR5 = u32("idr5", 28);
        public static final StructureField IIDR = u32("iidr", 32);
        public static final StructureField AIDR = u32("aidr", 36);
        /** Its length. */
        public static final int BYTES = 40;

        private InfoSmmu() {}
    }

    /** {@code struct iommu_hwpt_set_dirty_tracking}. */
    public static final class SetDirtyTracking {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField FLAGS = u32("flags", 4);
        public static final StructureField HWPT_ID = u32("hwpt_id", 8);
        public static final StructureField RESERVED = u32("__reserved", 12);
        /** From now on. */
        public static final int ENABLE = 1;

        private SetDirtyTracking() {}
    }

    /** {@code struct iommu_hwpt_get_dirty_bitmap}. */
    public static final class GetDirtyBitmap {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField HWPT_ID = u32("hwpt_id", 4);
        public static final StructureField FLAGS = u32("flags", 8);
        public static final StructureField RESERVED = u32("__reserved", 12);
        public static final StructureField IOVA = u64("iova", 16);
        public static final StructureField LENGTH = u64("length", 24);
        public static final StructureField PAGE_SIZE = u64("page_size", 32);
        public static final StructureField DATA = u64("data", 40);
        /** Pages stay dirty. */
        public static final int NO_CLEAR = 1;

        private GetDirtyBitmap() {}
    }

    /** {@code struct iommu_hwpt_invalidate}. */
    public static final class Invalidate {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField HWPT_ID = u32("hwpt_id", 4);
        public static final StructureField DATA_UPTR = u64("data_uptr", 8);
        public static final StructureField DATA_TYPE = u32("data_type", 16);
        public static final StructureField ENTRY_LEN = u32("entry_len", 20);
        public static final StructureField ENTRY_NUM = u32("entry_num", 24);
        public static final StructureField RESERVED = u32("__reserved", 28);
        /** {@link VtdInvalidate}. */
        public static final int DATA_VTD_S1 = 0;
        /** {@link SmmuCommand}. */
        public static final int DATA_ARM_SMMUV3 = 1;

        private Invalidate() {}
    }

    /** {@code struct iommu_hwpt_vtd_s1_invalidate}. */
    public static final class VtdInvalidate {
        public static final StructureField ADDR = u64("addr", 0);
        public static final StructureField NPAGES = u64("npages", 8);
        public static final StructureField FLAGS = u32("flags", 16);
        public static final StructureField RESERVED = u32("__reserved", 20);
        /** Its length. */
        public static final int BYTES = 24;
        /** Leaves alone have changed. */
        public static final int LEAF = 1;

        private VtdInvalidate() {}
    }

    /** {@code struct iommu_viommu_arm_smmuv3_invalidate}. */
    public static final class SmmuCommand {
        public static final StructureField CMD0 = u64("cmd0", 0);
        public static final StructureField CMD1 = u64("cmd1", 8);
        /** Its length. */
        public static final int BYTES = 16;

        private SmmuCommand() {}
    }
}
