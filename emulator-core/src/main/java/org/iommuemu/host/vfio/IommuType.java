// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import org.iommuemu.host.vfio.spec.Extension;
import org.jspecify.annotations.Nullable;

/** What MAP and UNMAP of a container are about. */
public enum IommuType {
    /** One translation for all requests without PASID; unmapping what begins before the range does nothing. */
    TYPE1(Extension.TYPE1_IOMMU),
    /** The same, but unmapping part of a mapping is an error. */
    TYPE1V2(Extension.TYPE1V2_IOMMU),
    /** A guest's memory, behind which first stages may be bound; else as {@link #TYPE1V2}. */
    NESTING(Extension.TYPE1_NESTING_IOMMU);

    private final int number;

    IommuType(int number) {
        this.number = number;
    }

    /** What VFIO_SET_IOMMU and VFIO_CHECK_EXTENSION call it. */
    public int number() {
        return number;
    }

    static @Nullable IommuType of(long number) {
        for (IommuType t : values()) {
            if (t.number == number) {
                return t;
            }
        }
        return null;
    }
}
