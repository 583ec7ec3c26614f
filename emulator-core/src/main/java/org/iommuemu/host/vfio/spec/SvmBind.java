// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio.spec;

import org.iommuemu.host.call.spec.StructureField;

/** What VFIO_IOMMU_SVM_BIND_TASK takes (SVM binding of 2017). */
public final class SvmBind {
    /** Bytes that the caller says are there. */
    public static final StructureField ARGSZ = StructureField.u32("argsz", 0);
    /** Exactly one of {@link #PASIDTBL}, {@link #PASID}, {@link #PGTABLE}. */
    public static final StructureField FLAGS = StructureField.u32("flags", 4);
    /** Bytes of {@code data}. */
    public static final StructureField LENGTH = StructureField.u32("length", 8);
    /** Where {@code data} begins. */
    public static final int DATA = LENGTH.end();

    /** {@code data} is a {@link SvmPasidTable}. */
    public static final int PASIDTBL = 1;
    /** {@code data} is a {@link SvmPasid}. */
    public static final int PASID = 1 << 1;
    /** {@code data} is a {@link SvmPageTable}. */
    public static final int PGTABLE = 1 << 2;
    /** All of them. */
    public static final int TYPE_MASK = PASIDTBL | PASID | PGTABLE;

    private SvmBind() {}
}
