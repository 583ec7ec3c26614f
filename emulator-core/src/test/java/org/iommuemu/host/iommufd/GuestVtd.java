// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.iommufd.spec.HwptStructures.Alloc;
import org.iommuemu.host.iommufd.spec.HwptStructures.VtdS1;

/** What a guest with a VT-d unit says of its tables. */
final class GuestVtd {
    private GuestVtd() {}

    /** A first stage of four levels, which the process says at its scratch memory. */
    static Structure firstStage(IommufdMachine m, int device, int parent, long root) {
        return firstStage(
                m,
                device,
                parent,
                Structure.of(VtdS1.BYTES).with(VtdS1.PGTBL_ADDR, root).with(VtdS1.ADDR_WIDTH, 48));
    }

    static Structure firstStage(IommufdMachine m, int device, int parent, Structure data) {
        return IommufdMachine.table(0, device, parent)
                .with(Alloc.DATA_TYPE, Alloc.DATA_VTD_S1)
                .with(Alloc.DATA_LEN, VtdS1.BYTES)
                .with(Alloc.DATA_UPTR, m.put(data));
    }
}
