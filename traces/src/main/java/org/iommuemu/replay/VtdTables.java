// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.ContextEntry;
import org.iommuemu.vtd.spec.PasidDirectoryEntry;
import org.iommuemu.vtd.spec.PasidEntry;
import org.iommuemu.vtd.spec.RootEntry;
import org.iommuemu.vtd.spec.ScalableContextEntry;
import org.iommuemu.vtd.spec.VtdRegisters;

/** Finds the page tables of a requester as its driver knows them: by reading root, context and PASID entries in memory. */
final class VtdTables {
    private static final int SCALABLE = 1;
    private static final int UPPER_DEVICES = 0x80;
    private static final int PASIDS_PER_TABLE_LOG2 = 6;
    private static final int LEVELS_BELOW_AW_1 = 2;
    private static final int FIRST_STAGE_LEVELS = 4;
    private static final int FEWEST_LEVELS = 3;
    private static final int MOST_LEVELS = 5;

    private final Vtd vtd;
    private final PhysicalMemory memory;
    private boolean found;
    private boolean firstStage;
    private int levels;
    private long base;

    VtdTables(Vtd vtd, PhysicalMemory memory) {
        this.vtd = vtd;
        this.memory = memory;
    }

    /** Whether RTADDR has scalable mode. */
    static boolean isScalable(Vtd vtd) {
        return VtdRegisters.TTM.getInt(vtd.readRegister(VtdRegisters.RTADDR.offset(), 8)) == SCALABLE;
    }

    /** Looks a requester up, for requests without PASID; false if it has no tables. */
    boolean find(int sid) {
        found = false;
        firstStage = false;
        long rtaddr = vtd.readRegister(VtdRegisters.RTADDR.offset(), 8);
        long root = VtdRegisters.RTA.inPlace(rtaddr) + (long) (sid >>> 8) * RootEntry.BYTES;
        if (isScalable(vtd)) {
            findScalable(root, sid & 0xFF);
        } else if (RootEntry.P.isSet(memory.readLong(root))) {
            long context = RootEntry.CTP.inPlace(memory.readLong(root)) + (long) (sid & 0xFF) * ContextEntry.BYTES;
            long word0 = memory.readLong(context);
            found = ContextEntry.P.isSet(word0) && ContextEntry.TT.getInt(word0) != ContextEntry.TT_PASS_THROUGH;
            base = ContextEntry.SSPTPTR.inPlace(word0);
            levels = ContextEntry.AW.getInt(memory.readLong(context + Long.BYTES)) + LEVELS_BELOW_AW_1;
        }
        return found && levels >= FEWEST_LEVELS && levels <= MOST_LEVELS;
    }

    private void findScalable(long root, int devfn) {
        boolean upper = (devfn & UPPER_DEVICES) != 0;
        // Both halves have the layout of the lower one.
        long half = memory.readLong(upper ? root + Long.BYTES : root);
        if (!RootEntry.P.isSet(half)) {
            return;
        }
        long context = RootEntry.CTP.inPlace(half) + (long) (devfn & UPPER_DEVICES - 1) * ScalableContextEntry.BYTES;
        long word0 = memory.readLong(context);
        if (!ScalableContextEntry.P.isSet(word0)) {
            return;
        }
        int pasid = ScalableContextEntry.RID_PASID.getInt(memory.readLong(context + Long.BYTES));
        long directory = memory.readLong(ScalableContextEntry.PASIDDIRPTR.inPlace(word0)
                + (long) (pasid >>> PASIDS_PER_TABLE_LOG2) * PasidDirectoryEntry.BYTES);
        if (!PasidDirectoryEntry.P.isSet(directory)) {
            return;
        }
        long entry = PasidDirectoryEntry.SMPTBLPTR.inPlace(directory)
                + (long) (pasid & (1 << PASIDS_PER_TABLE_LOG2) - 1) * PasidEntry.BYTES;
        long pasid0 = memory.readLong(entry);
        int type = PasidEntry.PGTT.getInt(pasid0);
        firstStage = type == PasidEntry.FIRST_STAGE;
        found = PasidEntry.P.isSet(pasid0) && (firstStage || type == PasidEntry.SECOND_STAGE);
        long pasid2 = memory.readLong(entry + 2L * Long.BYTES);
        base = firstStage ? PasidEntry.FSPTPTR.inPlace(pasid2) : PasidEntry.SSPTPTR.inPlace(pasid0);
        levels = firstStage
                ? FIRST_STAGE_LEVELS + PasidEntry.FSPM.getInt(pasid2)
                : PasidEntry.AW.getInt(pasid0) + LEVELS_BELOW_AW_1;
    }

    /** Whether the tables found are of the first stage. */
    boolean isFirstStage() {
        return firstStage;
    }

    /** Levels of the tables found. */
    int levels() {
        return levels;
    }

    /** Physical address of the first table. */
    long base() {
        return base;
    }
}
