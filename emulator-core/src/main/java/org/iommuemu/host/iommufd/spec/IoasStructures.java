// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd.spec;

import static org.iommuemu.host.call.spec.StructureField.u16;
import static org.iommuemu.host.call.spec.StructureField.u32;
import static org.iommuemu.host.call.spec.StructureField.u64;

import org.iommuemu.host.call.spec.StructureField;

/** Structures of I/O address spaces, and of the whole file. */
public final class IoasStructures {
    private IoasStructures() {}

    /** {@code struct iommu_destroy}. */
    public static final class Destroy {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField ID = u32("id", 4);

        private Destroy() {}
    }

    /** {@code struct iommu_ioas_alloc}. */
    public static final class Alloc {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField FLAGS = u32("flags", 4);
        public static final StructureField OUT_IOAS_ID = u32("out_ioas_id", 8);

        private Alloc() {}
    }

    /** {@code struct iommu_iova_range}. */
    public static final class Range {
        public static final StructureField START = u64("start", 0);
        public static final StructureField LAST = u64("last", 8);
        /** Its length. */
        public static final int BYTES = 16;

        private Range() {}
    }

    /** {@code struct iommu_ioas_iova_ranges}. */
    public static final class IovaRanges {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField IOAS_ID = u32("ioas_id", 4);
        public static final StructureField NUM_IOVAS = u32("num_iovas", 8);
        public static final StructureField RESERVED = u32("__reserved", 12);
        public static final StructureField ALLOWED_IOVAS = u64("allowed_iovas", 16);
        public static final StructureField OUT_IOVA_ALIGNMENT = u64("out_iova_alignment", 24);

        private IovaRanges() {}
    }

    /** {@code struct iommu_ioas_allow_iovas}. */
    public static final class AllowIovas {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField IOAS_ID = u32("ioas_id", 4);
        public static final StructureField NUM_IOVAS = u32("num_iovas", 8);
        public static final StructureField RESERVED = u32("__reserved", 12);
        public static final StructureField ALLOWED_IOVAS = u64("allowed_iovas", 16);

        private AllowIovas() {}
    }

    /** {@code struct iommu_ioas_map}. */
    public static final class MapUser {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField FLAGS = u32("flags", 4);
        public static final StructureField IOAS_ID = u32("ioas_id", 8);
        public static final StructureField RESERVED = u32("__reserved", 12);
        public static final StructureField USER_VA = u64("user_va", 16);
        public static final StructureField LENGTH = u64("length", 24);
        public static final StructureField IOVA = u64("iova", 32);
        /** Placed where the caller says. */
        public static final int FIXED_IOVA = 1;
        /** Devices may write. */
        public static final int WRITEABLE = 1 << 1;
        /** Devices may read. */
        public static final int READABLE = 1 << 2;

        private MapUser() {}
    }

    /** {@code struct iommu_ioas_copy}. */
    public static final class Copy {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField FLAGS = u32("flags", 4);
        public static final StructureField DST_IOAS_ID = u32("dst_ioas_id", 8);
        public static final StructureField SRC_IOAS_ID = u32("src_ioas_id", 12);
        public static final StructureField LENGTH = u64("length", 16);
        public static final StructureField DST_IOVA = u64("dst_iova", 24);
        public static final StructureField SRC_IOVA = u64("src_iova", 32);

        private Copy() {}
    }

    /** {@code struct iommu_ioas_unmap}. */
    public static final class Unmap {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField IOAS_ID = u32("ioas_id", 4);
        public static final StructureField IOVA = u64("iova", 8);
        public static final StructureField LENGTH = u64("length", 16);

        private Unmap() {}
    }

    /** {@code struct iommu_option}. */
    public static final class Option {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField OPTION_ID = u32("option_id", 4);
        public static final StructureField OP = u16("op", 8);
        public static final StructureField RESERVED = u16("__reserved", 10);
        public static final StructureField OBJECT_ID = u32("object_id", 12);
        public static final StructureField VAL64 = u64("val64", 16);
        /** Whose locked memory is counted. */
        public static final int RLIMIT_MODE = 0;
        /** Whether pages are joined to larger ones. */
        public static final int HUGE_PAGES = 1;
        /** The value is set. */
        public static final int OP_SET = 0;
        /** The value is asked for. */
        public static final int OP_GET = 1;

        private Option() {}
    }

    /** {@code struct iommu_vfio_ioas}. */
    public static final class VfioIoas {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField IOAS_ID = u32("ioas_id", 4);
        public static final StructureField OP = u16("op", 8);
        public static final StructureField RESERVED = u16("__reserved", 10);
        /** Which one it is. */
        public static final int GET = 0;
        /** It is another one. */
        public static final int SET = 1;
        /** There is none. */
        public static final int CLEAR = 2;

        private VfioIoas() {}
    }

    /** {@code struct iommu_ioas_map_file}; flags as those of {@link MapUser}. */
    public static final class MapFile {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField FLAGS = u32("flags", 4);
        public static final StructureField IOAS_ID = u32("ioas_id", 8);
        public static final StructureField FD = u32("fd", 12);
        public static final StructureField START = u64("start", 16);
        public static final StructureField LENGTH = u64("length", 24);
        public static final StructureField IOVA = u64("iova", 32);

        private MapFile() {}
    }

    /** {@code struct iommu_ioas_change_process}. */
    public static final class ChangeProcess {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField RESERVED = u32("__reserved", 4);

        private ChangeProcess() {}
    }
}
