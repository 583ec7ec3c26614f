// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.paging.WalkObserver;
import org.jspecify.annotations.Nullable;

/** A machine that can be watched while it answers, whatever its architecture. */
public interface Explainable {
    /** The machine. */
    Iommu iommu();

    /** Shows every structure and descriptor read from now on; nulls end it. */
    void observe(@Nullable StructureObserver onStructure, @Nullable WalkObserver onDescriptor);

    /** Takes its fault records. */
    RecordReader records();

    /** What its architecture calls what is seen. */
    Terms terms();
}
