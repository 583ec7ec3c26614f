// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.List;
import org.iommuemu.bits.Layout;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.Rule;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.paging.VtdFirstStage;
import org.iommuemu.paging.VtdSecondStage;
import org.iommuemu.vtd.FaultReason;
import org.iommuemu.vtd.spec.FaultRecord;
import org.iommuemu.vtd.spec.VtdRegisters;

/** The terms of a VT-d unit. */
public final class VtdTerms implements Terms {
    private static final List<String> ENTRIES = List.of("PTE", "PDE", "PDPE", "PML4E", "PML5E");

    @Override
    public List<Explanation.Step> start(Iommu iommu) {
        long value = iommu.readRegister(VtdRegisters.RTADDR.offset(), VtdRegisters.RTADDR.bytes());
        return List.of(new Explanation.Step(
                "RTADDR", VtdRegisters.RTADDR.layout(), VtdRegisters.RTADDR.offset(), List.of(value)));
    }

    @Override
    public String entry(TableRoot root, int height, long entry) {
        boolean table = root.format().isTable(entry, height);
        boolean leaf = root.format().isLeaf(entry, height);
        boolean present = root.format().isPresent(entry);
        String what =
                !present ? "not present" : table ? "table" : !leaf ? "reserved" : height == 0 ? "page" : "large page";
        return (root.stage() == 1 ? "first-stage " : "second-stage ") + ENTRIES.get(height) + ", " + what;
    }

    @Override
    public Layout entryLayout(TableRoot root, int height, long entry) {
        boolean table = root.format().isTable(entry, height);
        return root.stage() == 1
                ? table ? VtdFirstStage.TABLE : VtdFirstStage.LEAF
                : table ? VtdSecondStage.TABLE : VtdSecondStage.LEAF;
    }

    @Override
    public String fault(long[] record) {
        return String.format("fault reason %Xh", FaultRecord.FR.getInt(record));
    }

    @Override
    public String record(long[] record) {
        return "fault record";
    }

    @Override
    public Layout recordLayout(long[] record) {
        return FaultRecord.LAYOUT;
    }

    @Override
    public String noRecord() {
        return "no fault record";
    }

    @Override
    public String attributes(long attributes) {
        return attributes == 0 ? "snooped if it asks for it" : "always snooped";
    }

    @Override
    public boolean isUnknownStream(Rule rule) {
        return rule == FaultReason.ROOT_NOT_PRESENT
                || rule == FaultReason.CONTEXT_NOT_PRESENT
                || rule == FaultReason.SM_ROOT_NOT_PRESENT
                || rule == FaultReason.SM_CONTEXT_NOT_PRESENT;
    }
}
