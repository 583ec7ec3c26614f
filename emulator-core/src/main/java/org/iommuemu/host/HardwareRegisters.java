// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.List;

/** What an IOMMU says of itself, register by register. */
public sealed interface HardwareRegisters {
    /**
     * A VT-d unit (VT-d 11.4).
     *
     * @param version VER_REG
     * @param capability CAP_REG
     * @param extendedCapability ECAP_REG
     */
    record VtdUnit(long version, long capability, long extendedCapability) implements HardwareRegisters {}

    /**
     * An SMMUv3 (IHI 0070 §6.3).
     *
     * @param idr IDR0 to IDR5
     * @param iidr IIDR
     * @param aidr AIDR
     */
    record Smmu(List<Integer> idr, int iidr, int aidr) implements HardwareRegisters {}
}
