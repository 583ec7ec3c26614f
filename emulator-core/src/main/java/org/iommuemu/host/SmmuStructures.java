// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.Objects;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Ste;

/** What a driver says in stream table entries and context descriptors, bit for bit what Linux says. */
final class SmmuStructures {
    private static final int REGION_SHIFT = 64 - SmmuTables.ADDRESS_BITS;
    private static final int INCOMING = 1;
    private static final int WRITE_BACK = 1;
    private static final int INNER = 3;

    private final SmmuHardware hardware;
    private final SmmuTables tables;
    private final LinuxRelease version;

    SmmuStructures(SmmuHardware hardware, SmmuTables tables, LinuxRelease version) {
        this.hardware = hardware;
        this.tables = tables;
        this.version = version;
    }

    /** A stream of which nothing is let through. */
    long[] refused() {
        long[] ste = new long[Ste.WORDS];
        Ste.V.set(ste, 1);
        Ste.SHCFG.set(ste, version == LinuxRelease.LINUX_6_1 ? INCOMING : 0);
        return ste;
    }

    /** A stream whose addresses are what they are. */
    long[] bypassed() {
        long[] ste = new long[Ste.WORDS];
        Ste.V.set(ste, 1);
        Ste.CONFIG.set(ste, Ste.CONFIG_ENABLE);
        Ste.SHCFG.set(ste, INCOMING);
        return ste;
    }

    /**
     * A stream with contexts.
     *
     * @param defaultContext S1DSS: what requests without PASID get
     */
    long[] firstStage(SmmuContexts contexts, int defaultContext) {
        long[] ste = new long[Ste.WORDS];
        Ste.V.set(ste, 1);
        Ste.CONFIG.set(ste, Ste.CONFIG_ENABLE | Ste.CONFIG_STAGE_1);
        contexts.describe(ste);
        Ste.S1DSS.set(ste, defaultContext);
        Ste.S1CIR.set(ste, WRITE_BACK);
        Ste.S1COR.set(ste, WRITE_BACK);
        Ste.S1CSH.set(ste, INNER);
        Ste.S1STALLD.set(ste, hardware.mayStall() ? 1 : 0);
        if (defaultContext == Ste.S1DSS_BYPASS) {
            Ste.SHCFG.set(ste, INCOMING);
        }
        return ste;
    }

    /** A stream with a second stage alone. */
    long[] secondStage(int vmid, long root) {
        long[] ste = new long[Ste.WORDS];
        Ste.V.set(ste, 1);
        Ste.CONFIG.set(ste, Ste.CONFIG_ENABLE | Ste.CONFIG_STAGE_2);
        Ste.SHCFG.set(ste, INCOMING);
        addSecondStage(ste, vmid, root);
        return ste;
    }

    /** Puts a second stage behind what a stream has. */
    void addSecondStage(long[] ste, int vmid, long root) {
        Ste.S2VMID.set(ste, vmid);
        Ste.S2T0SZ.set(ste, 64L - tables.second().inputBits());
        Ste.S2SL0.set(ste, tables.secondStart());
        Ste.S2IR0.set(ste, WRITE_BACK);
        Ste.S2OR0.set(ste, WRITE_BACK);
        Ste.S2SH0.set(ste, INNER);
        Ste.S2TG.set(ste, tables.granuleCode());
        Ste.S2PS.set(ste, hardware.addressSize());
        Ste.S2AA64.set(ste, 1);
        Ste.S2PTW.set(ste, 1);
        Ste.S2R.set(ste, 1);
        Ste.S2TTB.setInPlace(ste, root);
    }

    /** What a guest says of a stream is taken over, but for its first stage there is always the second behind it. */
    long[] guest(GuestTables.Contexts contexts) {
        long[] ste = new long[Ste.WORDS];
        ste[0] = contexts.word0();
        ste[1] = contexts.word1();
        long config = Ste.V.isSet(ste) ? Ste.CONFIG.get(ste) : 0;
        Ste.V.set(ste, 1);
        Ste.CONFIG.set(ste, (config & Ste.CONFIG_ENABLE) == 0 ? 0 : config | Ste.CONFIG_STAGE_2);
        return ste;
    }

    /** A context of a domain's tables. */
    long[] context(Domain domain) {
        long[] cd = new long[Cd.WORDS];
        Cd.V.set(cd, 1);
        Cd.AA64.set(cd, 1);
        Cd.T0SZ.set(cd, REGION_SHIFT);
        Cd.TG0.set(cd, tables.granuleCode());
        Cd.IR0.set(cd, WRITE_BACK);
        Cd.OR0.set(cd, WRITE_BACK);
        Cd.SH0.set(cd, INNER);
        Cd.EPD1.set(cd, 1);
        Cd.IPS.set(cd, hardware.addressSize());
        Cd.S.set(cd, hardware.alwaysStalls() ? 1 : 0);
        Cd.R.set(cd, 1);
        Cd.A.set(cd, 1);
        Cd.ASET.set(cd, 1);
        Cd.ASID.set(cd, domain.id());
        Cd.TTB0.setInPlace(cd, Objects.requireNonNull(domain.tables()).root());
        Cd.MAIR.set(cd, SmmuTables.MAIR);
        return cd;
    }

    /** A context that translates nothing and records nothing, in place of a domain's: Linux' {@code quiet_cd}. */
    long[] quietContext(Domain domain) {
        long[] cd = context(domain);
        Cd.EPD0.set(cd, 1);
        if (!hardware.alwaysStalls()) {
            Cd.R.set(cd, 0);
        }
        if (version != LinuxRelease.LINUX_6_1) {
            Cd.TTB0.setInPlace(cd, 0);
        }
        return cd;
    }
}
