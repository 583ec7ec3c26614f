// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.List;
import java.util.Locale;
import org.iommuemu.bits.Layout;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.Rule;
import org.iommuemu.paging.Aarch64Descriptor;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.smmuv3.SmmuRule;
import org.iommuemu.smmuv3.spec.Event;

/** The terms of an SMMUv3. */
public final class SmmuTerms implements Terms {
    @Override
    public List<Explanation.Step> start(Iommu iommu) {
        return List.of();
    }

    @Override
    public String entry(TableRoot root, int height, long entry) {
        boolean table = root.format().isTable(entry, height);
        boolean leaf = root.format().isLeaf(entry, height);
        String what = table ? "table" : !leaf ? "invalid" : height == 0 ? "page" : "block";
        return "stage " + root.stage() + " level " + root.format().level(height) + " " + what + " descriptor";
    }

    @Override
    public Layout entryLayout(TableRoot root, int height, long entry) {
        boolean table = root.format().isTable(entry, height);
        if (root.stage() == 1) {
            Layout leaf = height == 0 ? Aarch64Descriptor.PAGE : Aarch64Descriptor.BLOCK;
            return table ? Aarch64Descriptor.TABLE : leaf;
        }
        Layout leaf = height == 0 ? Aarch64Stage2.PAGE : Aarch64Stage2.BLOCK;
        return table ? Aarch64Stage2.TABLE : leaf;
    }

    @Override
    public String fault(long[] record) {
        return String.valueOf(Event.of(record[0]));
    }

    @Override
    public String record(long[] record) {
        return "event record " + fault(record);
    }

    @Override
    public Layout recordLayout(long[] record) {
        Event event = Event.of(record[0]);
        if (event == null) {
            throw new IllegalStateException("an event record of no kind");
        }
        return event.layout();
    }

    @Override
    public String noRecord() {
        return "no event";
    }

    @Override
    public String attributes(long attributes) {
        String shareability = switch ((int) (attributes >>> 8 & 3)) {
            case 2 -> "outer shareable";
            case 3 -> "inner shareable";
            default -> "non-shareable";
        };
        return String.format(Locale.ROOT, "attributes 0x%02x, %s", attributes & 0xFF, shareability);
    }

    @Override
    public boolean isUnknownStream(Rule rule) {
        return rule instanceof SmmuRule smmu
                && (smmu.event() == Event.C_BAD_STREAMID || smmu == SmmuRule.STE_NOT_VALID);
    }
}
