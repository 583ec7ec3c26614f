// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import java.util.function.Predicate;
import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.lint.TablesOfTags;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;

/**
 * Tables by the tag that TLB entries carry: CDs of one VMID and ASID are interchangeable, as are the stage 2 fields of STEs of one
 * VMID (IHI 0070 §5.2.1, §5.4.2), so that others under the same tag need an invalidation first.
 */
final class AddressSpaces {
    private static final int MOST_VMW = 4;
    private static final long STAGE_2_SHAPE =
            Ste.S2T0SZ.mask() | Ste.S2SL0.mask() | Ste.S2TG.mask() | Ste.S2AA64.mask();

    /** A tag: StreamWorld, VMID, and ASID with the table base; an ASID of −1 stands for stage 2. */
    private record Tag(int world, int vmid, int asid, int base) {}

    private final SmmuV3 smmu;
    private final LintLog log;
    private final TablesOfTags<Tag> known = new TablesOfTags<>();

    AddressSpaces(SmmuV3 smmu, LintLog log) {
        this.smmu = smmu;
        this.log = log;
    }

    void ste(String place, long[] ste) {
        int config = Ste.CONFIG.getInt(ste);
        boolean stage2 = Ste.V.isSet(ste) && (config & Ste.CONFIG_ENABLE) != 0 && (config & Ste.CONFIG_STAGE_2) != 0;
        if (stage2 && smmu.features().hasStage2()) {
            Tag tag = new Tag(0, Ste.S2VMID.getInt(ste), -1, 0);
            if (known.replaces(tag, Ste.S2TTB.inPlace(ste), ste[2] & STAGE_2_SHAPE)) {
                log.add(SmmuLintRule.VMID_REUSED, place, ste[3]);
            }
        }
    }

    void cd(String place, long[] cd, long[] ste) {
        if (!Cd.V.isSet(cd)) {
            return;
        }
        int world = (Ste.CONFIG.getInt(ste) & Ste.CONFIG_STAGE_2) != 0 ? 0 : Ste.STRW.getInt(ste);
        int vmid = smmu.features().hasStage2() && world == 0 ? Ste.S2VMID.getInt(ste) : 0;
        int asid = Cd.ASID.getInt(cd);
        if (!Cd.EPD0.isSet(cd)) {
            tables(place, cd, new Tag(world, vmid, asid, 0), Cd.TTB0, Cd.T0SZ.mask() | Cd.TG0.mask());
        }
        if (!Cd.EPD1.isSet(cd)) {
            tables(place, cd, new Tag(world, vmid, asid, 1), Cd.TTB1, Cd.T1SZ.mask() | Cd.TG1.mask());
        }
    }

    private void tables(String place, long[] cd, Tag tag, BitField ttb, long shape) {
        if (known.replaces(tag, ttb.inPlace(cd), cd[0] & shape)) {
            log.add(SmmuLintRule.ASID_REUSED, place, cd[ttb.word()]);
        }
    }

    /** A TLBI of a whole tag lets it be used again. */
    void consuming(Command command, long word0) {
        int vmid = smmu.features().hasStage2() ? Command.VMID.getInt(word0) : 0;
        int asid = Command.ASID.getInt(word0);
        switch (command) {
            case TLBI_NSNH_ALL -> forget(t -> t.world == 0);
            case TLBI_S12_VMALL -> forget(t -> isVmid(t, vmid));
            case TLBI_NH_ALL -> forget(t -> isVmid(t, vmid) && t.asid >= 0);
            case TLBI_NH_ASID -> forget(t -> isVmid(t, vmid) && t.asid == asid);
            case TLBI_EL2_ALL, TLBI_EL2_ASID -> forget(t -> t.world != 0);
            default -> {}
        }
    }

    private boolean isVmid(Tag tag, int vmid) {
        int wildcard = Registers.VMW.getInt(smmu.readRegister(Registers.CR0.offset(), 4));
        int ignored = wildcard <= MOST_VMW ? (1 << wildcard) - 1 : 0;
        return tag.world == 0 && ((tag.vmid ^ vmid) & ~ignored) == 0;
    }

    private void forget(Predicate<Tag> which) {
        known.forget(which);
    }
}
