// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd.spec;

import static org.iommuemu.host.call.spec.StructureField.u32;
import static org.iommuemu.host.call.spec.StructureField.u64;

import org.iommuemu.host.call.spec.StructureField;

/** Structures of IOMMUs that guests see. */
public final class ViommuStructures {
    private ViommuStructures() {}

    /** {@code struct iommu_viommu_alloc}. */
    public static final class ViommuAlloc {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField FLAGS = u32("flags", 4);
        public static final StructureField TYPE = u32("type", 8);
        public static final StructureField DEV_ID = u32("dev_id", 12);
        public static final StructureField HWPT_ID = u32("hwpt_id", 16);
        public static final StructureField OUT_VIOMMU_ID = u32("out_viommu_id", 20);
        public static final StructureField DATA_LEN = u32("data_len", 24);
        public static final StructureField RESERVED = u32("__reserved", 28);
        public static final StructureField DATA_UPTR = u64("data_uptr", 32);
        /** No type. */
        public static final int TYPE_DEFAULT = 0;
        /** An SMMUv3. */
        public static final int TYPE_ARM_SMMUV3 = 1;

        private ViommuAlloc() {}
    }

    /** {@code struct iommu_vdevice_alloc}. */
    public static final class VdeviceAlloc {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField VIOMMU_ID = u32("viommu_id", 4);
        public static final StructureField DEV_ID = u32("dev_id", 8);
        public static final StructureField OUT_VDEVICE_ID = u32("out_vdevice_id", 12);
        public static final StructureField VIRT_ID = u64("virt_id", 16);

        private VdeviceAlloc() {}
    }

    /** {@code struct iommu_hw_queue_alloc}. */
    public static final class HwQueueAlloc {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField FLAGS = u32("flags", 4);
        public static final StructureField VIOMMU_ID = u32("viommu_id", 8);
        public static final StructureField TYPE = u32("type", 12);
        public static final StructureField INDEX = u32("index", 16);
        public static final StructureField OUT_HW_QUEUE_ID = u32("out_hw_queue_id", 20);
        public static final StructureField NESTING_PARENT_IOVA = u64("nesting_parent_iova", 24);
        public static final StructureField LENGTH = u64("length", 32);

        private HwQueueAlloc() {}
    }
}
