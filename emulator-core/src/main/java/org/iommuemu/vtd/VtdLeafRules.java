// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.LeafRules;
import org.iommuemu.paging.Permission;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.paging.VtdFirstStage;
import org.iommuemu.paging.VtdSecondStage;

/** What VT-d reads out of the leaves of both stages. */
final class VtdLeafRules implements LeafRules {
    /** First address of the interrupt window. */
    static final long INTERRUPT_FIRST = 0xFEE0_0000L;
    /** Last address of the interrupt window. */
    static final long INTERRUPT_LAST = 0xFEEF_FFFFL;
    /** Attribute bit: the access is snooped, whatever the request says. */
    static final long SNOOPED = 1;

    @Override
    public int permissions(TableRoot root, long leaf, long restrictions) {
        return root.stage() == 1
                ? VtdFirstStage.permissions(leaf, restrictions, root.permissionControls())
                : VtdSecondStage.permissions(leaf, restrictions, root.permissionControls());
    }

    @Override
    public long accessed(TableRoot root, long leaf) {
        return root.format().accessed(leaf);
    }

    @Override
    public long dirty(TableRoot root, long leaf) {
        return leaf | (root.stage() == 1 ? VtdFirstStage.D.mask() : VtdSecondStage.D.mask());
    }

    /** G is treated as 0. */
    @Override
    public boolean isGlobal(TableRoot root, long leaf) {
        return false;
    }

    /** {@link #SNOOPED}: SNP of a second-stage leaf. */
    @Override
    public long attributes(TableRoot root, long leaf) {
        return root.stage() == 2 && VtdSecondStage.SNP.isSet(leaf) ? SNOOPED : 0;
    }

    @Override
    public long combine(long stage1, long stage2) {
        return stage1 | stage2;
    }

    /** With SSADE, reading a first-stage table counts as writing to it (VT-d architecture 3.6.2). */
    @Override
    public int tableNeed(TableRoot stage2) {
        return stage2.updatesDirtyState()
                ? Permission.PRIVILEGED_READ | Permission.PRIVILEGED_WRITE
                : Permission.PRIVILEGED_READ;
    }

    @Override
    public boolean mayHoldTables(TableRoot stage2, long attributes) {
        return true;
    }

    /** Nothing may be translated to the interrupt window. */
    @Override
    public boolean forbids(long first, long last) {
        return first <= INTERRUPT_LAST && last >= INTERRUPT_FIRST;
    }
}
