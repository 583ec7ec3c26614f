// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import org.iommuemu.iommu.Iommu;
import org.iommuemu.platform.Platform;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.vtd.spec.VtdRegisters;

/** An IOMMU that loses records and forgets to say so: its overflow indication is gone as soon as a request has passed. */
final class UnseenOverflow {
    private UnseenOverflow() {}

    static void install(Platform machine) {
        Iommu iommu = machine.iommu();
        machine.bridge().observe((request, at, passed, journey) -> {
            if (machine.smmu() != null) {
                long produced = iommu.readRegister(Registers.EVENTQ_PROD.offset(), Integer.BYTES);
                long consumed = iommu.readRegister(Registers.EVENTQ_CONS.offset(), Integer.BYTES);
                if (Registers.OVERFLOW.isSet(produced ^ consumed)) {
                    long index = consumed & ~Registers.OVERFLOW.mask();
                    iommu.writeRegister(
                            Registers.EVENTQ_CONS.offset(),
                            Integer.BYTES,
                            index | Registers.OVERFLOW.inPlace(produced));
                }
            } else {
                iommu.writeRegister(VtdRegisters.FSTS.offset(), Integer.BYTES, VtdRegisters.PFO.mask());
            }
        });
    }
}
