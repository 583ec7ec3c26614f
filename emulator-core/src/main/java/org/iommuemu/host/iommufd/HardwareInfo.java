// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.nio.ByteBuffer;
import java.util.List;
import org.iommuemu.host.HardwareRegisters;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.host.iommufd.spec.HwptStructures.HwInfo;
import org.iommuemu.host.iommufd.spec.HwptStructures.InfoSmmu;
import org.iommuemu.host.iommufd.spec.HwptStructures.InfoVtd;

/**
 * What a device's IOMMU is.
 *
 * @param registers of it
 * @param pasids how many PASIDs the device can have, 0 if none
 */
public record HardwareInfo(HardwareRegisters registers, int pasids) {
    private static final List<StructureField> IDR =
            List.of(InfoSmmu.IDR0, InfoSmmu.IDR1, InfoSmmu.IDR2, InfoSmmu.IDR3, InfoSmmu.IDR4, InfoSmmu.IDR5);

    /** The type of its structure. */
    int type() {
        return registers instanceof HardwareRegisters.VtdUnit ? HwInfo.TYPE_INTEL_VTD : HwInfo.TYPE_ARM_SMMUV3;
    }

    /** Its structure. */
    ByteBuffer structure() {
        if (registers instanceof HardwareRegisters.Smmu smmu) {
            ByteBuffer info = ByteBuffer.allocate(InfoSmmu.BYTES);
            for (int i = 0; i < IDR.size(); i++) {
                IDR.get(i).put(info, smmu.idr().get(i));
            }
            InfoSmmu.IIDR.put(info, smmu.iidr());
            InfoSmmu.AIDR.put(info, smmu.aidr());
            return info;
        }
        HardwareRegisters.VtdUnit unit = (HardwareRegisters.VtdUnit) registers;
        ByteBuffer info = ByteBuffer.allocate(InfoVtd.BYTES);
        InfoVtd.CAP_REG.put(info, unit.capability());
        InfoVtd.ECAP_REG.put(info, unit.extendedCapability());
        return info;
    }
}
