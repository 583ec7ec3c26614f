// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

/** Which IOMMU a benchmark drives, and in which mode; a JVM that measures sees one of them. */
public enum Architecture {
    /** Arm SMMUv3: stage 1 of VMSAv8-64, before stage 2 if there are two. */
    SMMUV3,
    /** Intel VT-d in legacy mode: a second stage alone. */
    VTD_LEGACY,
    /** Intel VT-d in scalable mode, requests without PASID: a first stage, before a second if there are two. */
    VTD_SCALABLE;

    /** A machine that is set up and translates. */
    BenchmarkMachine machine(Workload workload) {
        return switch (this) {
            case SMMUV3 -> new SmmuMachine(workload);
            case VTD_LEGACY -> VtdMachine.legacy(workload);
            case VTD_SCALABLE -> VtdMachine.scalable(workload);
        };
    }
}
