// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.LeafRules;
import org.iommuemu.paging.Aarch64Descriptor;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.Permission;
import org.iommuemu.paging.TableRoot;

/** What an SMMUv3 reads out of the leaves of both stages. */
final class SmmuLeafRules implements LeafRules {
    @Override
    public int permissions(TableRoot root, long leaf, long restrictions) {
        if (root.stage() == 2) {
            return Aarch64Stage2.permissions(leaf, root.permissionControls());
        }
        int permissions = Aarch64Stage1.permissions(leaf, restrictions, root.permissionControls());
        return root.isPrivilegedOnly() ? permissions & Permission.PRIVILEGED : permissions;
    }

    @Override
    public long accessed(TableRoot root, long leaf) {
        return leaf | Aarch64Descriptor.AF.mask();
    }

    @Override
    public long dirty(TableRoot root, long leaf) {
        return root.stage() == 1 ? Aarch64Stage1.dirty(leaf) : Aarch64Stage2.dirty(leaf);
    }

    @Override
    public boolean isGlobal(TableRoot root, long leaf) {
        boolean hasAsid = root.stage() == 1 && (root.permissionControls() & Aarch64Stage1.ONE_PRIVILEGE) == 0;
        return hasAsid && Aarch64Stage1.isGlobal(leaf);
    }

    @Override
    public long attributes(TableRoot root, long leaf) {
        int own = Aarch64Descriptor.SH.getInt(leaf);
        int shareability = root.shareability() >= 0 ? root.shareability() : own;
        if (root.stage() == 2) {
            boolean forced = (root.permissionControls() & ContextBuilder.FORCED_WRITE_BACK) != 0;
            long second = MemoryAttributes.stage2(Aarch64Stage2.MEM_ATTR.getInt(leaf), shareability, forced);
            return root.incoming() < 0 ? second : MemoryAttributes.combine(root.incoming(), second);
        }
        int index = Aarch64Descriptor.ATTR_INDX.getInt(leaf);
        long first = MemoryAttributes.of(root.attributes() >>> (index << 3) & 0xFF, shareability);
        return root.incoming() == MemoryAttributes.INCOMING
                ? first
                : MemoryAttributes.restrain(first, MemoryAttributes.restraint(root.incoming()));
    }

    @Override
    public long combine(long stage1, long stage2) {
        return MemoryAttributes.combine(stage1, stage2);
    }

    @Override
    public int tableNeed(TableRoot stage2) {
        return Permission.PRIVILEGED_READ;
    }

    /** STE.S2PTW: tables and CDs must not lie in what stage 2 maps as Device memory (IHI 0070 §5.2). */
    @Override
    public boolean mayHoldTables(TableRoot stage2, long attributes) {
        boolean protectedWalk = (stage2.permissionControls() & ContextBuilder.PROTECTED_TABLE_WALK) != 0;
        return !protectedWalk || !MemoryAttributes.isDevice(attributes);
    }

    @Override
    public boolean forbids(long first, long last) {
        return false;
    }
}
