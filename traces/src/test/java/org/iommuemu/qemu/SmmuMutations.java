// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.Set;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Ste;
import org.iommuemu.time.RandomStream;

/** Random changes to stream table entries and context descriptors, with what QEMU is known to do otherwise about them. */
final class SmmuMutations {
    private static final long HOLE = 0x3F_0000_0000L;

    private final RandomStream random;

    SmmuMutations(RandomStream random) {
        this.random = random;
    }

    private int below(int bound) {
        return (int) random.nextBelow(bound);
    }

    void ste(long[] s, Set<String> quirks) {
        switch (below(12)) {
            case 0 -> Ste.V.set(s, below(2));
            case 1 -> Ste.CONFIG.set(s, below(8));
            case 2 -> Ste.CONFIG.set(s, 0);
            case 3 -> Ste.CONFIG.set(s, 4);
            case 4 -> {
                Ste.S1_CONTEXT_PTR.setInPlace(s, HOLE);
                quirks.add("cd-fetch-addr");
            }
            case 5 -> Ste.S1CDMAX.set(s, below(2));
            case 6 -> Ste.S1CIR.set(s, below(4));
            case 7 -> Ste.SHCFG.set(s, below(4));
            case 8 -> Ste.MEV.set(s, below(2));
            case 9 -> Ste.S1STALLD.set(s, below(2));
            case 10 -> Ste.STRW.set(s, 0);
            default -> {
                Ste.V.set(s, 1);
                Ste.CONFIG.set(s, 5);
            }
        }
    }

    void cd(long[] c, Set<String> quirks) {
        switch (below(14)) {
            case 0 -> Cd.V.set(c, below(2));
            case 1 -> Cd.AA64.set(c, below(2));
            case 2 -> Cd.TG0.set(c, 3);
            case 3 -> {
                Cd.T0SZ.set(c, below(64));
                quirks.add("cd-tsz");
            }
            case 4 -> {
                Cd.EPD0.set(c, 1);
                quirks.add("ttb1-select");
            }
            case 5 -> {
                Cd.HA.set(c, 1);
                quirks.add("cd-httu");
            }
            case 6 -> Cd.R.set(c, below(2));
            case 7 -> Cd.A.set(c, below(2));
            case 8 -> Cd.S.set(c, below(2));
            case 9 -> {
                Cd.IPS.set(c, below(8));
                quirks.add("addr-size");
            }
            case 10 -> Cd.ENDI.set(c, below(2));
            case 11 -> Cd.AFFD.set(c, below(2));
            case 12 -> Cd.MAIR.set(c, random.nextLong());
            default -> {
                Cd.V.set(c, 1);
                Cd.AA64.set(c, 1);
                Cd.EPD0.set(c, 0);
            }
        }
    }
}
