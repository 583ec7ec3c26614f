// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.iommufd.spec.HwptStructures.Alloc;
import org.iommuemu.host.iommufd.spec.HwptStructures.SmmuSte;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Ste;

/** What a guest with an SMMUv3 says of its tables. */
final class GuestSmmu {
    private static final int CONFIG_S1 = 5;

    private GuestSmmu() {}

    /** An STE with contexts: a linear table of a number of them. */
    static Structure streamEntry(long contexts, int log2) {
        long[] ste = new long[Ste.WORDS];
        Ste.V.set(ste, 1);
        Ste.CONFIG.set(ste, CONFIG_S1);
        Ste.S1_CONTEXT_PTR.setInPlace(ste, contexts);
        Ste.S1CDMAX.set(ste, log2);
        Ste.S1DSS.set(ste, Ste.S1DSS_SUBSTREAM_0);
        return streamEntry(ste[0], ste[1]);
    }

    static Structure streamEntry(long word0, long word1) {
        return Structure.of(SmmuSte.BYTES).with(SmmuSte.STE0, word0).with(SmmuSte.STE1, word1);
    }

    static Structure table(IommufdMachine m, int device, int viommu, Structure ste) {
        return IommufdMachine.table(0, device, viommu)
                .with(Alloc.DATA_TYPE, Alloc.DATA_ARM_SMMUV3)
                .with(Alloc.DATA_LEN, SmmuSte.BYTES)
                .with(Alloc.DATA_UPTR, m.put(ste));
    }

    /** A context with tables of 4 KiB granules and 48 bits. */
    static long[] context(int asid, long root) {
        long[] cd = new long[Cd.WORDS];
        Cd.V.set(cd, 1);
        Cd.AA64.set(cd, 1);
        Cd.T0SZ.set(cd, 16);
        Cd.EPD1.set(cd, 1);
        Cd.IPS.set(cd, 5);
        Cd.R.set(cd, 1);
        Cd.A.set(cd, 1);
        Cd.ASID.set(cd, asid);
        Cd.TTB0.setInPlace(cd, root);
        Cd.MAIR.set(cd, 0xFF);
        return cd;
    }
}
