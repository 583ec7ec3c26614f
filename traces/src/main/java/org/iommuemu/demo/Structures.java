// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.platform.Platform;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.L1Cd;
import org.iommuemu.smmuv3.spec.L1Std;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.PasidDirectoryEntry;
import org.iommuemu.vtd.spec.PasidEntry;
import org.iommuemu.vtd.spec.RootEntry;
import org.iommuemu.vtd.spec.ScalableContextEntry;
import org.iommuemu.vtd.spec.VtdRegisters;

/** The structures in memory that lead to the tables of a PASID of a stream, as far as they exist. */
final class Structures {
    private static final int LEAF_BITS = 6;
    private static final int UPPER_DEVFN = 0x80;

    /**
     * A structure.
     *
     * @param of whose it is
     */
    record Structure(String of, Layout layout, long address, long[] words) {
        /** Whether it says anything. */
        boolean isEmpty() {
            for (long word : words) {
                if (word != 0) {
                    return false;
                }
            }
            return true;
        }
    }

    private final PhysicalMemory memory;
    private final List<Structure> found = new ArrayList<>();

    private Structures(PhysicalMemory memory) {
        this.memory = memory;
    }

    /**
     * What there is.
     *
     * @param pasid 0 for requests without
     */
    static List<Structure> of(Platform machine, int stream, int pasid) {
        Structures s = new Structures(machine.memory());
        SmmuV3 smmu = machine.smmu();
        Vtd vtd = machine.vtd();
        if (smmu != null) {
            s.smmuv3(smmu, stream, pasid);
        } else if (vtd != null) {
            s.vtd(vtd, stream, pasid);
        }
        return s.found;
    }

    private void smmuv3(SmmuV3 smmu, int stream, int pasid) {
        Register where = Registers.STRTAB_BASE;
        Register format = Registers.STRTAB_BASE_CFG;
        int split = Registers.STRTAB_SPLIT.getInt(smmu.readRegister(format.offset(), format.bytes()));
        long table = Registers.STRTAB_ADDR.inPlace(smmu.readRegister(where.offset(), where.bytes()));
        long first = memory.readLong(table + (long) (stream >>> split) * L1Std.BYTES);
        if (table == 0 || first == 0) {
            return;
        }
        long[] ste = add(
                "stream " + Narrator.name(stream),
                Ste.LAYOUT,
                L1Std.L2_PTR.inPlace(first) + (long) (stream & (1 << split) - 1) * Ste.BYTES);
        long config = Ste.CONFIG.get(ste);
        boolean own = (config & Ste.CONFIG_STAGE_1) != 0 && (config & Ste.CONFIG_STAGE_2) == 0;
        if (own) {
            context(ste, pasid);
        }
    }

    private void context(long[] ste, int pasid) {
        long contexts = Ste.S1_CONTEXT_PTR.inPlace(ste);
        if (Ste.S1CDMAX.get(ste) == 0 && pasid != 0) {
            return;
        }
        if (Ste.S1FMT.get(ste) != 0) {
            long leaf = memory.readLong(contexts + (long) (pasid >>> LEAF_BITS) * L1Cd.BYTES);
            if (leaf == 0) {
                return;
            }
            contexts = L1Cd.L2_PTR.inPlace(leaf);
        }
        add(who(pasid), Cd.LAYOUT, contexts + (long) (pasid & (1 << LEAF_BITS) - 1) * Cd.BYTES);
    }

    private void vtd(Vtd vtd, int stream, int pasid) {
        Register where = VtdRegisters.RTADDR;
        long root = VtdRegisters.RTA.inPlace(vtd.readRegister(where.offset(), where.bytes()));
        int devfn = stream & 0xFF;
        boolean upper = devfn >= UPPER_DEVFN;
        long contexts =
                memory.readLong(root + (long) (stream >>> Byte.SIZE) * RootEntry.BYTES + (upper ? Long.BYTES : 0));
        if (root == 0 || contexts == 0) {
            return;
        }
        long[] context = add(
                "requester " + Narrator.name(stream),
                ScalableContextEntry.LAYOUT,
                RootEntry.CTP.inPlace(contexts) + (long) (devfn & UPPER_DEVFN - 1) * ScalableContextEntry.BYTES);
        long directory = ScalableContextEntry.PASIDDIRPTR.inPlace(context);
        long leaf = directory == 0
                ? 0
                : memory.readLong(directory + (long) (pasid >>> LEAF_BITS) * PasidDirectoryEntry.BYTES);
        if (leaf != 0) {
            add(
                    who(pasid),
                    PasidEntry.LAYOUT,
                    PasidDirectoryEntry.SMPTBLPTR.inPlace(leaf)
                            + (long) (pasid & (1 << LEAF_BITS) - 1) * PasidEntry.BYTES);
        }
    }

    private static String who(int pasid) {
        return pasid == 0 ? "no PASID" : "PASID " + pasid;
    }

    private long[] add(String of, Layout layout, long address) {
        long[] words = new long[layout.words()];
        for (int i = 0; i < words.length; i++) {
            words[i] = memory.readLong(address + (long) i * Long.BYTES);
        }
        found.add(new Structure(of, layout, address, words));
        return words;
    }
}
