// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd.spec;

import static org.iommuemu.host.call.spec.StructureField.u32;

import org.iommuemu.host.call.spec.StructureField;

/** Structures of VFIO devices that concern iommufd. */
public final class VfioDeviceStructures {
    private VfioDeviceStructures() {}

    /** {@code struct vfio_device_bind_iommufd}. */
    public static final class Bind {
        public static final StructureField ARGSZ = u32("argsz", 0);
        public static final StructureField FLAGS = u32("flags", 4);
        public static final StructureField IOMMUFD = u32("iommufd", 8);
        public static final StructureField OUT_DEVID = u32("out_devid", 12);
        /** Its length. */
        public static final int BYTES = 16;
        /** VFIO_DEVICE_BIND_IOMMUFD: base + 18. */
        public static final int NUMBER = 18;

        private Bind() {}
    }

    /** {@code struct vfio_device_attach_iommufd_pt}. */
    public static final class Attach {
        public static final StructureField ARGSZ = u32("argsz", 0);
        public static final StructureField FLAGS = u32("flags", 4);
        public static final StructureField PT_ID = u32("pt_id", 8);
        public static final StructureField PASID = u32("pasid", 12);
        /** Its length. */
        public static final int BYTES = 16;
        /** VFIO_DEVICE_ATTACH_IOMMUFD_PT: base + 19. */
        public static final int NUMBER = 19;
        /** A PASID is meant. */
        public static final int FLAG_PASID = 1;

        private Attach() {}
    }

    /** {@code struct vfio_device_detach_iommufd_pt}. */
    public static final class Detach {
        public static final StructureField ARGSZ = u32("argsz", 0);
        public static final StructureField FLAGS = u32("flags", 4);
        public static final StructureField PASID = u32("pasid", 8);
        /** Its length. */
        public static final int BYTES = 12;
        /** VFIO_DEVICE_DETACH_IOMMUFD_PT: base + 20. */
        public static final int NUMBER = 20;
        /** A PASID is meant. */
        public static final int FLAG_PASID = 1;

        private Detach() {}
    }
}
