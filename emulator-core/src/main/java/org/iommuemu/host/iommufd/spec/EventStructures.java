// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd.spec;

import static org.iommuemu.host.call.spec.StructureField.u32;
import static org.iommuemu.host.call.spec.StructureField.u64;

import org.iommuemu.host.call.spec.StructureField;

/** Structures of queues that user space reads, and of what it reads there. */
public final class EventStructures {
    private EventStructures() {}

    /** {@code struct iommu_fault_alloc}. */
    public static final class FaultAlloc {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField FLAGS = u32("flags", 4);
        public static final StructureField OUT_FAULT_ID = u32("out_fault_id", 8);
        public static final StructureField OUT_FAULT_FD = u32("out_fault_fd", 12);

        private FaultAlloc() {}
    }

    /** {@code struct iommu_hwpt_pgfault}. */
    public static final class PageFault {
        public static final StructureField FLAGS = u32("flags", 0);
        public static final StructureField DEV_ID = u32("dev_id", 4);
        public static final StructureField PASID = u32("pasid", 8);
        public static final StructureField GRPID = u32("grpid", 12);
        public static final StructureField PERM = u32("perm", 16);
        public static final StructureField RESERVED = u32("__reserved", 20);
        public static final StructureField ADDR = u64("addr", 24);
        public static final StructureField LENGTH = u32("length", 32);
        public static final StructureField COOKIE = u32("cookie", 36);
        /** Its length. */
        public static final int BYTES = 40;
        /** It has a PASID. */
        public static final int PASID_VALID = 1;
        /** The last of its group. */
        public static final int LAST_PAGE = 1 << 1;
        /** To be read. */
        public static final int PERM_READ = 1;
        /** To be written. */
        public static final int PERM_WRITE = 1 << 1;
        /** To be executed. */
        public static final int PERM_EXEC = 1 << 2;
        /** With privilege. */
        public static final int PERM_PRIV = 1 << 3;

        private PageFault() {}
    }

    /** {@code struct iommu_hwpt_page_response}. */
    public static final class Response {
        public static final StructureField COOKIE = u32("cookie", 0);
        public static final StructureField CODE = u32("code", 4);
        /** Its length. */
        public static final int BYTES = 8;
        /** The device may go on. */
        public static final int SUCCESS = 0;
        /** It may not. */
        public static final int INVALID = 1;

        private Response() {}
    }

    /** {@code struct iommu_veventq_alloc}. */
    public static final class VeventqAlloc {
        public static final StructureField SIZE = u32("size", 0);
        public static final StructureField FLAGS = u32("flags", 4);
        public static final StructureField VIOMMU_ID = u32("viommu_id", 8);
        public static final StructureField TYPE = u32("type", 12);
        public static final StructureField VEVENTQ_DEPTH = u32("veventq_depth", 16);
        public static final StructureField OUT_VEVENTQ_ID = u32("out_veventq_id", 20);
        public static final StructureField OUT_VEVENTQ_FD = u32("out_veventq_fd", 24);
        public static final StructureField RESERVED = u32("__reserved", 28);
        /** No type. */
        public static final int TYPE_DEFAULT = 0;
        /** {@link SmmuEvent}. */
        public static final int TYPE_ARM_SMMUV3 = 1;

        private VeventqAlloc() {}
    }

    /** {@code struct iommufd_vevent_header}. */
    public static final class Header {
        public static final StructureField FLAGS = u32("flags", 0);
        public static final StructureField SEQUENCE = u32("sequence", 4);
        /** Its length. */
        public static final int BYTES = 8;
        /** Events before this were lost. */
        public static final int LOST_EVENTS = 1;

        private Header() {}
    }

    /** {@code struct iommu_vevent_arm_smmuv3}. */
    public static final class SmmuEvent {
        public static final StructureField EVT0 = u64("evt0", 0);
        public static final StructureField EVT1 = u64("evt1", 8);
        public static final StructureField EVT2 = u64("evt2", 16);
        public static final StructureField EVT3 = u64("evt3", 24);
        /** Its length. */
        public static final int BYTES = 32;

        private SmmuEvent() {}
    }
}
